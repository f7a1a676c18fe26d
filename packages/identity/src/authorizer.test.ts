import type { AccessRequest, PolicyDocument, Principal, RequestContext } from '@longshore/aws';
import type { AccountId } from '@longshore/base';
import { describe, expect, it } from 'vitest';
import { createAuthorizer } from './authorizer.ts';
import { rootPrincipal, userPrincipal } from './principals.ts';
import { compilePolicy } from './policy/compile.ts';
import { parsePolicy } from './policy/document.ts';

const home = '111122223333' as AccountId;
const away = '444455556666' as AccountId;
const ann = userPrincipal({ id: 'AIDAANN', account: home, path: '/team/', name: 'ann' });
const context: RequestContext = {
  requestId: 'r',
  sourceIp: '203.0.113.5',
  baseUrl: 'http://127.0.0.1:7077',
  userAgent: 'aws-cli/1',
  now: Date.UTC(2026, 5, 1),
};

function refusal(
  own: readonly object[],
  request: AccessRequest & { readonly action: string },
  who: Principal = ann,
): Promise<string | undefined> {
  const policies = own.map((statement) =>
    compilePolicy(parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: statement }), 'identity')),
  );
  return createAuthorizer({ region: 'us-east-1', policiesOf: () => Promise.resolve(policies) }).refusal(
    who,
    request,
    context,
  );
}

function mayRun(condition: object, ownKeys?: AccessRequest['context']): Promise<string | undefined> {
  const statement = { Effect: 'Allow', Action: 'ecs:RunTask', Resource: '*', Condition: condition };
  const request = { action: 'ecs:RunTask', resources: [{ arn: '*', account: home }] };
  return refusal([statement], { ...request, ...(ownKeys && { context: ownKeys }) });
}

describe('the authorizer', () => {
  it.each([
    { IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } },
    { DateEquals: { 'aws:CurrentTime': '2026-06-01T00:00:00Z' } },
    { NumericGreaterThan: { 'aws:EpochTime': 1_780_000_000 } },
    { ArnLike: { 'aws:PrincipalArn': `arn:aws:iam::${home}:user/team/*` } },
    { StringEquals: { 'aws:PrincipalAccount': home, 'aws:PrincipalType': 'User', 'aws:userid': 'AIDAANN' } },
    { StringEquals: { 'aws:username': 'ann', 'AWS:RequestedRegion': 'us-east-1', 'aws:ResourceAccount': home } },
    { Bool: { 'aws:SecureTransport': false } },
    { StringLike: { 'aws:UserAgent': 'aws-cli/*' } },
  ])('knows the common condition keys: %j', async (condition) => {
    expect(await mayRun(condition)).toBeUndefined();
  });

  it("gives an operation's own keys, but lets them replace none of the common ones", async () => {
    const cluster = { ArnEquals: { 'ecs:cluster': 'arn:aws:ecs:us-east-1:111122223333:cluster/a' } };
    expect(await mayRun(cluster, { 'ecs:cluster': 'arn:aws:ecs:us-east-1:111122223333:cluster/a' })).toBeUndefined();
    expect(await mayRun(cluster)).toContain('because no identity-based policy allows the ecs:RunTask action');
    const spoofed = { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } };
    expect(await mayRun(spoofed, { 'AWS:sourceip': '10.0.0.1' })).toBeDefined();
  });

  it('asks for every resource and names the one that is refused', async () => {
    const [one, two] = ['a', 'b'].map((name) => ({
      arn: `arn:aws:ecs:us-east-1:${home}:cluster/${name}`,
      account: home,
    }));
    if (!one || !two) throw new Error('two resources');
    const statement = { Effect: 'Allow', Action: 'ecs:*', Resource: one.arn };
    expect(await refusal([statement], { action: 'ecs:RunTask', resources: [one] })).toBeUndefined();
    expect(await refusal([statement], { action: 'ecs:RunTask', resources: [one, two] })).toBe(
      `User: ${ann.arn} is not authorized to perform: ecs:RunTask on resource: ${two.arn} because no identity-based policy allows the ecs:RunTask action`,
    );
  });

  it('takes an empty list of resources for "*", not for nothing to check', async () => {
    expect(await refusal([], { action: 'ecs:ListClusters', resources: [] })).toContain('on resource: *');
    expect(await refusal([], { action: 'ecs:ListClusters', resources: [] }, rootPrincipal(home))).toBeUndefined();
  });

  it("lets another account in only by the resource's policy and the caller's own", async () => {
    const arn = `arn:aws:ecr:us-east-1:${away}:repository/web`;
    const policy: PolicyDocument = {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { AWS: home }, Action: 'ecr:BatchGetImage' }],
    };
    const pull = { Effect: 'Allow', Action: 'ecr:BatchGetImage', Resource: '*' };
    const ask = (own: readonly object[], resourcePolicy?: PolicyDocument, who = ann) =>
      refusal(own, { action: 'ecr:BatchGetImage', resources: [{ arn, account: away, policy: resourcePolicy }] }, who);
    expect(await ask([pull], policy)).toBeUndefined();
    expect(await ask([pull])).toContain('because no resource-based policy allows the ecr:BatchGetImage action');
    expect(await ask([], policy)).toContain('because no identity-based policy allows the ecr:BatchGetImage action');
    expect(await ask([], undefined, rootPrincipal(home))).toContain('no resource-based policy');
    expect(await ask([], policy, rootPrincipal(home))).toBeUndefined();
  });

  it('reads a stored policy whose single statement is no list', async () => {
    const stored = { Version: '2012-10-17', Statement: { Effect: 'Deny', Principal: '*', Action: 'ecr:*' } };
    const resources = [{ arn: `arn:aws:ecr:us-east-1:${home}:repository/web`, account: home, policy: stored as never }];
    expect(await refusal([], { action: 'ecr:PutImage', resources }, rootPrincipal(home))).toContain(
      'with an explicit deny in a resource-based policy',
    );
  });
});

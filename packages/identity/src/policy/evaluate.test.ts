import type { PolicyDocument, PolicyStatement, Principal } from '@longshore/aws';
import type { AccountId } from '@longshore/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePolicy } from './compile.ts';
import { conditionContext } from './context.ts';
import { type Decision, evaluate } from './evaluate.ts';
import { refusalText } from './refusal.ts';

const home = '111122223333' as AccountId;
const away = '444455556666' as AccountId;
const ann: Principal = { account: home, arn: `arn:aws:iam::${home}:user/ann`, userId: 'AIDAANN', kind: 'user' };
const bob: Principal = { account: home, arn: `arn:aws:iam::${home}:user/bob`, userId: 'AIDABOB', kind: 'user' };
const root: Principal = { account: home, arn: `arn:aws:iam::${home}:root`, userId: home, kind: 'root' };
const eve: Principal = { account: away, arn: `arn:aws:iam::${away}:user/eve`, userId: 'AIDAEVE', kind: 'user' };
const awayRoot: Principal = { account: away, arn: `arn:aws:iam::${away}:root`, userId: away, kind: 'root' };
const repository = `arn:aws:ecr:us-east-1:${home}:repository/web`;

function policy(...statements: readonly PolicyStatement[]): PolicyDocument {
  return { Version: '2012-10-17', Statement: statements };
}

const pull: PolicyStatement = { Effect: 'Allow', Action: 'ecr:BatchGetImage', Resource: '*' };
const denyAll: PolicyStatement = { Effect: 'Deny', Action: '*', Resource: '*' };

interface Question {
  readonly who: Principal;
  readonly own?: readonly PolicyDocument[];
  readonly resourcePolicy?: PolicyDocument;
  readonly action?: string;
  readonly resource?: string;
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

function decide(question: Question): Decision {
  return evaluate({
    principal: question.who,
    action: question.action ?? 'ecr:BatchGetImage',
    resource: question.resource ?? repository,
    resourceAccount: home,
    context: conditionContext(question.context ?? {}),
    identityPolicies: (question.own ?? []).map(compilePolicy),
    resourcePolicy: question.resourcePolicy && compilePolicy(question.resourcePolicy),
  });
}

function grantTo(principal: PolicyStatement['Principal'], effect: 'Allow' | 'Deny' = 'Allow'): PolicyDocument {
  return policy({ Effect: effect, Action: 'ecr:*', ...(principal !== undefined && { Principal: principal }) });
}

describe('evaluation', () => {
  const cases: readonly [string, Question, Decision][] = [
    ['nothing allows', { who: ann }, 'no-identity-allow'],
    ['an identity policy allows', { who: ann, own: [policy(pull)] }, undefined],
    ['action names have no case', { who: ann, own: [policy(pull)], action: 'ECR:batchgetimage' }, undefined],
    ['another action', { who: ann, own: [policy(pull)], action: 'ecr:PutImage' }, 'no-identity-allow'],
    ['deny wins in one policy', { who: ann, own: [policy(pull, denyAll)] }, 'identity-deny'],
    ['deny wins over another policy', { who: ann, own: [policy(denyAll), policy(pull)] }, 'identity-deny'],
    ['root in its account', { who: root }, undefined],
    ['root under a resource deny', { who: root, resourcePolicy: grantTo('*', 'Deny') }, 'resource-deny'],
    ['a resource policy names the user', { who: ann, resourcePolicy: grantTo({ AWS: ann.arn }) }, undefined],
    [
      'a resource policy names another user',
      { who: bob, resourcePolicy: grantTo({ AWS: ann.arn }) },
      'no-identity-allow',
    ],
    ['a resource policy names everyone', { who: ann, resourcePolicy: grantTo({ AWS: '*' }) }, undefined],
    [
      'naming the own account only delegates',
      { who: ann, resourcePolicy: grantTo({ AWS: home }) },
      'no-identity-allow',
    ],
    [
      'a resource deny for the account',
      { who: ann, own: [policy(pull)], resourcePolicy: grantTo({ AWS: home }, 'Deny') },
      'resource-deny',
    ],
    ['another account, only its own policy', { who: eve, own: [policy(pull)] }, 'no-resource-allow'],
    [
      'another account, only the resource policy',
      { who: eve, resourcePolicy: grantTo({ AWS: away }) },
      'no-identity-allow',
    ],
    [
      'another account, both',
      { who: eve, own: [policy(pull)], resourcePolicy: grantTo({ AWS: `arn:aws:iam::${away}:root` }) },
      undefined,
    ],
    ['another account, everyone', { who: eve, own: [policy(pull)], resourcePolicy: grantTo('*') }, undefined],
    [
      'another account, own deny',
      { who: eve, own: [policy(pull, denyAll)], resourcePolicy: grantTo('*') },
      'identity-deny',
    ],
    ['root of another account without a grant', { who: awayRoot }, 'no-resource-allow'],
    ['root of another account with a grant', { who: awayRoot, resourcePolicy: grantTo({ AWS: away }) }, undefined],
    [
      'a service is no user',
      { who: ann, resourcePolicy: grantTo({ Service: 'ecs.amazonaws.com' }) },
      'no-identity-allow',
    ],
    ['NotAction', { who: ann, own: [policy({ Effect: 'Allow', NotAction: 'iam:*', Resource: '*' })] }, undefined],
    [
      'NotAction that names it',
      { who: ann, own: [policy({ Effect: 'Allow', NotAction: ['iam:*', 'ecr:*'], Resource: '*' })] },
      'no-identity-allow',
    ],
    [
      'NotResource',
      { who: ann, own: [policy({ Effect: 'Allow', Action: '*', NotResource: 'arn:aws:ecr:*:*:repository/secret*' })] },
      undefined,
    ],
    [
      'NotResource that names it',
      { who: ann, own: [policy({ Effect: 'Allow', Action: '*', NotResource: repository })] },
      'no-identity-allow',
    ],
    [
      'a wildcard stays in its field',
      { who: ann, own: [policy({ Effect: 'Allow', Action: '*', Resource: `arn:aws:ecr:*:repository/web` })] },
      'no-identity-allow',
    ],
    [
      'an incomplete ARN is completed',
      { who: ann, own: [policy({ Effect: 'Allow', Action: '*', Resource: 'arn:aws:ecr' })] },
      undefined,
    ],
    [
      'an ARN is no answer to "*"',
      { who: ann, resource: '*', own: [policy({ Effect: 'Allow', Action: '*', Resource: 'arn:aws:*:*:*:*' })] },
      'no-identity-allow',
    ],
    ['"*" is an answer to "*"', { who: ann, resource: '*', own: [policy(pull)] }, undefined],
  ];

  it.each(cases)('%s', (_name, question, expected) => {
    expect(decide(question)).toBe(expected);
  });

  it('fills variables in resources, and their wildcards count as letters', () => {
    const own = [policy({ Effect: 'Allow', Action: '*', Resource: 'arn:aws:ecr:*:*:repository/${aws:username}/*' })];
    const resource = `arn:aws:ecr:us-east-1:${home}:repository/ann/web`;
    expect(decide({ who: ann, own, resource, context: { 'aws:username': 'ann' } })).toBeUndefined();
    expect(decide({ who: ann, own, resource, context: { 'aws:username': 'bob' } })).toBe('no-identity-allow');
    expect(decide({ who: ann, own, resource, context: { 'aws:username': '*' } })).toBe('no-identity-allow');
    expect(decide({ who: root, own, resource })).toBeUndefined();
    expect(decide({ who: ann, own, resource })).toBe('no-identity-allow');
  });

  it('does not let an unknown variable widen an allow', () => {
    const own = [policy({ Effect: 'Allow', Action: '*', NotResource: 'arn:aws:ecr:*:*:repository/${aws:nothing}/*' })];
    expect(decide({ who: ann, own })).toBe('no-identity-allow');
  });

  it('exempts with NotPrincipal only whom a Deny names', () => {
    const deny = (entries: readonly string[]) =>
      policy({ Effect: 'Deny', Action: '*', NotPrincipal: { AWS: entries } });
    const own = [policy(pull)];
    expect(decide({ who: ann, own, resourcePolicy: deny([ann.arn, root.arn]) })).toBeUndefined();
    expect(decide({ who: bob, own, resourcePolicy: deny([ann.arn, root.arn]) })).toBe('resource-deny');
    expect(decide({ who: root, own, resourcePolicy: deny([ann.arn, root.arn]) })).toBeUndefined();
  });

  it('asks for every condition', () => {
    // IAM user guide, "Conditions with multiple context keys or values": keys are joined by AND, values by OR.
    const own = [
      policy({
        ...pull,
        Condition: {
          IpAddress: { 'aws:SourceIp': ['203.0.113.0/24', '2001:db8::/32'] },
          DateGreaterThan: { 'aws:CurrentTime': '2026-01-01T00:00:00Z' },
          DateLessThan: { 'aws:CurrentTime': '2026-12-31T23:59:59Z' },
        },
      }),
    ];
    const at = (ip: string, time: string) =>
      decide({ who: ann, own, context: { 'aws:SourceIp': ip, 'aws:CurrentTime': time } });
    expect(at('203.0.113.5', '2026-06-01T00:00:00Z')).toBeUndefined();
    expect(at('2001:db8::5', '2026-06-01T00:00:00Z')).toBeUndefined();
    expect(at('198.51.100.1', '2026-06-01T00:00:00Z')).toBe('no-identity-allow');
    expect(at('203.0.113.5', '2027-06-01T00:00:00Z')).toBe('no-identity-allow');
  });

  it("denies outside of a network, as AWS's example policy does", () => {
    const outside: PolicyStatement = {
      ...denyAll,
      Condition: { NotIpAddress: { 'aws:SourceIp': ['192.0.2.0/24', '203.0.113.0/24'] } },
    };
    const own = [policy(pull, outside)];
    expect(decide({ who: ann, own, context: { 'aws:SourceIp': '192.0.2.9' } })).toBeUndefined();
    expect(decide({ who: ann, own, context: { 'aws:SourceIp': '198.51.100.9' } })).toBe('identity-deny');
  });
});

describe('evaluation, whatever the policies', () => {
  const element = fc.constantFrom('ecr:BatchGetImage', 'ecr:*', 'ecs:RunTask', '*');
  const resource = fc.constantFrom('*', repository, 'arn:aws:ecr:*:*:repository/*', 'arn:aws:ecs:*:*:task/*');
  const condition = fc.option(
    fc.constantFrom({ StringEquals: { k: 'v' } }, { StringNotEquals: { k: 'v' } }, { Null: { k: 'true' } }),
    { nil: undefined },
  );
  const statement: fc.Arbitrary<PolicyStatement> = fc
    .tuple(
      fc.constantFrom<'Allow' | 'Deny'>('Allow', 'Deny'),
      fc.array(element, { minLength: 1, maxLength: 3 }),
      resource,
      condition,
    )
    .map(([effect, actions, resources, when]) => ({
      Effect: effect,
      Action: actions,
      Resource: resources,
      ...(when && { Condition: when }),
    }));
  const statements = fc.array(statement, { maxLength: 6 });
  const caller = fc.constantFrom(ann, eve, root, awayRoot);
  const context = fc.constantFrom({}, { k: 'v' }, { k: 'w' });
  const open = grantTo('*');

  it('an explicit deny anywhere wins', () => {
    fc.assert(
      fc.property(statements, caller, context, fc.nat(6), (list, who, given, at) => {
        const own = [policy(...list.slice(0, at), denyAll, ...list.slice(at))];
        expect(decide({ who, own, context: given, resourcePolicy: open })).toBe('identity-deny');
      }),
    );
  });

  it('the order of statements and policies does not matter', () => {
    const orders = statements.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    fc.assert(
      fc.property(orders, caller, context, ([list, shuffled], who, given) => {
        const together = decide({ who, own: [policy(...list)], context: given, resourcePolicy: open });
        const apart = decide({ who, own: shuffled.map((each) => policy(each)), context: given, resourcePolicy: open });
        expect(apart).toBe(together);
      }),
    );
  });

  it('removing an allow never adds a right', () => {
    fc.assert(
      fc.property(statements, caller, context, fc.nat(5), (list, who, given, index) => {
        fc.pre(list[index]?.Effect === 'Allow');
        const less = list.filter((_, i) => i !== index);
        const before = decide({ who, own: [policy(...list)], context: given, resourcePolicy: open });
        const after = decide({ who, own: [policy(...less)], context: given, resourcePolicy: open });
        expect(after !== undefined || before === undefined).toBe(true);
      }),
    );
  });
});

describe('refusals', () => {
  it.each([
    ['no-identity-allow', 'because no identity-based policy allows the ecs:RunTask action'],
    ['no-resource-allow', 'because no resource-based policy allows the ecs:RunTask action'],
    ['identity-deny', 'with an explicit deny in an identity-based policy'],
    ['resource-deny', 'with an explicit deny in a resource-based policy'],
  ] as const)('are worded as AWS words them: %s', (denial, ending) => {
    const arn = `arn:aws:ecs:us-east-1:${home}:task-definition/web:1`;
    expect(refusalText(ann, 'ecs:RunTask', arn, denial)).toBe(
      `User: ${ann.arn} is not authorized to perform: ecs:RunTask on resource: ${arn} ${ending}`,
    );
  });
});

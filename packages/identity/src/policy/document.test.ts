import type { AwsError } from '@longshore/aws';
import { describe, expect, it } from 'vitest';
import { parsePolicy } from './document.ts';
import type { PolicyKind } from './malformed.ts';

/** `CODE STATUS: message` of the refusal. */
function refused(text: string, kind: PolicyKind = 'identity'): string {
  try {
    parsePolicy(text, kind);
  } catch (error) {
    const { code, status, message } = error as AwsError;
    return `${code} ${status}: ${message}`;
  }
  return 'accepted';
}

const statement = { Effect: 'Allow', Action: 'ecs:*', Resource: '*' };

function withStatement(change: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: [{ ...statement, ...change }] });
}

describe('reading policy documents', () => {
  it('makes a list of a single statement', () => {
    const parsed = parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: statement }), 'identity');
    expect(parsed).toEqual({ Version: '2012-10-17', Statement: [statement] });
  });

  it("accepts ECR's way of resource policies", () => {
    const text = JSON.stringify({
      Version: '2008-10-17',
      Statement: [
        {
          Sid: 'AllowCrossAccountPush 1',
          Effect: 'Allow',
          Principal: { AWS: ['arn:aws:iam::111122223333:root', '444455556666', 'arn:aws:iam::111122223333:user/a/b'] },
          Action: ['ecr:PutImage', 'ecr:BatchGetImage'],
        },
      ],
    });
    expect(parsePolicy(text, 'resource').Statement).toHaveLength(1);
  });

  const faults: readonly [string, string, string][] = [
    ['no JSON', '{', 'Syntax errors in policy. The text is not valid JSON.'],
    ['a list', '[]', 'The policy must be a JSON object.'],
    ['null', 'null', 'The policy must be a JSON object.'],
    ['no statement', '{"Version":"2012-10-17"}', 'Statement: must have at least one statement.'],
    ['no statements', '{"Statement":[]}', 'Statement: must have at least one statement.'],
    ['an unknown version', '{"Version":"2020-01-01","Statement":[]}', 'Version: must be'],
    ['an unknown element', '{"Statements":[]}', 'Statements: a policy has only'],
    ['a prototype key', '{"__proto__":{},"Statement":[]}', '__proto__: a policy has only'],
    ['a key twice', '{"Statement":[{"Effect":"Deny","Effect":"Allow"}]}', 'The key "Effect" is there twice'],
    [
      'a key twice, escaped',
      '{"Statement":[{"Effect":"Deny","\\u0045ffect":"Allow"}]}',
      'The key "Effect" is there twice',
    ],
    ['a statement that is no object', '{"Statement":[1]}', 'Statement[0]: must be an object.'],
    ['a wrong effect', withStatement({ Effect: 'allow' }), 'Statement[0].Effect: must be "Allow" or "Deny".'],
    ['an unknown key', withStatement({ Actions: '*' }), 'Statement[0].Actions: is no element of a statement.'],
    ['Action and NotAction', withStatement({ NotAction: 'a:b' }), 'Statement[0]: has both Action and NotAction'],
    ['no action', '{"Statement":[{"Effect":"Allow","Resource":"*"}]}', 'Statement[0]: must have Action or NotAction.'],
    ['a bare action', withStatement({ Action: 'RunTask' }), 'Statement[0].Action: "RunTask" is no action'],
    ['a wildcard for the service', withStatement({ Action: 'e*:RunTask' }), 'Statement[0].Action: "e*:RunTask"'],
    ['an action that is no string', withStatement({ Action: ['a:b', 3] }), 'Statement[0].Action[1]: must be a string'],
    ['no actions', withStatement({ Action: [] }), 'Statement[0].Action: must not be empty.'],
    ['no resource', '{"Statement":[{"Effect":"Allow","Action":"*"}]}', 'Statement[0]: must have Resource'],
    ['a resource that is no ARN', withStatement({ Resource: 'task' }), 'Resource task must be in ARN format or "*".'],
    ['a broken variable', withStatement({ Resource: 'arn:aws:ecs:*:*:${aws:user' }), 'has a broken policy variable'],
    ['a principal', withStatement({ Principal: '*' }), 'should not specify a principal'],
    ['a Sid with spaces', withStatement({ Sid: 'a b' }), 'Statement[0].Sid:'],
    [
      'an unknown operator',
      withStatement({ Condition: { StringIs: { k: 'v' } } }),
      'Condition.StringIs: Invalid Condition type.',
    ],
    ['a bad number', withStatement({ Condition: { NumericEquals: { k: 'x' } } }), '"x" is no value of this operator'],
    ['a bad date', withStatement({ Condition: { DateEquals: { k: '2026-13-01' } } }), 'is no value of this operator'],
    ['a bad range', withStatement({ Condition: { IpAddress: { k: '10.0.0.0/33' } } }), 'is no value of this operator'],
    ['a bad IPv6 range', withStatement({ Condition: { IpAddress: { k: 'fe80::1%a/64' } } }), 'is no value'],
    ['a bad boolean', withStatement({ Condition: { Bool: { k: 'yes' } } }), 'is no value of this operator'],
    ['an object as value', withStatement({ Condition: { StringEquals: { k: {} } } }), 'must be a string, a number'],
    ['no values', withStatement({ Condition: { StringEquals: { k: [] } } }), 'must have at least one value'],
    ['an empty operator', withStatement({ Condition: { StringEquals: {} } }), 'must be an object of condition keys'],
    ['control characters', `{"Statement":"\u0001"}`, 'characters outside of U+0020 to U+00FF'],
    ['characters beyond Latin 1', withStatement({ Resource: 'arn:aws:ecs:::\u{1f6a2}' }), 'characters outside of'],
    ['too long', withStatement({ Resource: `arn:${'x'.repeat(6200)}` }), 'longer than 6144 characters'],
    ['far too long', ' '.repeat(200_000), 'longer than 6144 characters'],
    ['very deep', '['.repeat(6000), 'Syntax errors in policy.'],
  ];

  it.each(faults)('refuses %s and says where', (_name, text, message) => {
    expect(refused(text)).toContain(message);
    expect(refused(text)).toMatch(/^MalformedPolicyDocument 400: /);
  });

  it.each([
    ['no principal', undefined, 'must have Principal or NotPrincipal'],
    ['a bare string', 'ann', 'must be "*" or an object'],
    ['a part of an ARN', { AWS: 'arn:aws:iam::111122223333:user/*' }, 'Invalid principal in policy'],
    ['an unknown type', { User: 'ann' }, 'the type must be one of'],
    ['nobody', {}, 'must be "*" or an object'],
  ])('refuses a resource policy with %s', (_name, principal, message) => {
    expect(refused(withStatement({ Principal: principal }), 'resource')).toContain(message);
  });

  it('refuses the same Sid twice', () => {
    const twice = [
      { ...statement, Sid: 'a' },
      { ...statement, Sid: 'a' },
    ];
    expect(refused(JSON.stringify({ Statement: twice }))).toContain('must be unique');
  });

  it('does not count white space', () => {
    expect(parsePolicy(`${' '.repeat(10_000)}${withStatement({})}`, 'identity').Statement).toHaveLength(1);
  });

  it('takes variables as text before version 2012-10-17', () => {
    const text = JSON.stringify({ Statement: [{ ...statement, Resource: 'arn:aws:ecs:*:*:${aws:user' }] });
    expect(parsePolicy(text, 'identity').Statement).toHaveLength(1);
  });
});

import { describe, expect, it } from 'vitest';
import { compileCondition, parseOperatorName } from './conditions.ts';
import { conditionContext } from './context.ts';

type Given = Readonly<Record<string, string | readonly string[]>>;

function holds(operatorText: string, values: string | readonly string[], given: Given): boolean {
  const operator = parseOperatorName(operatorText);
  if (!operator) throw new Error(`no operator ${operatorText}`);
  const list = typeof values === 'string' ? [values] : values;
  return compileCondition(operator, 'k', list, true).holds(conditionContext(given));
}

describe('condition operators', () => {
  const cases: readonly [string, string | readonly string[], Given, boolean][] = [
    ['StringEquals', 'a', { K: 'a' }, true],
    ['StringEquals', 'a', { k: 'A' }, false],
    ['StringEquals', ['x', 'a'], { k: 'a' }, true],
    ['StringEquals', 'a*', { k: 'ab' }, false],
    ['StringEquals', 'a', {}, false],
    ['StringNotEquals', ['a', 'b'], { k: 'b' }, false],
    ['StringNotEquals', ['a', 'b'], { k: 'c' }, true],
    ['StringNotEquals', 'a', {}, true],
    ['StringEqualsIgnoreCase', 'AbC', { k: 'aBc' }, true],
    ['StringNotEqualsIgnoreCase', 'AbC', { k: 'aBc' }, false],
    ['StringLike', 'a*c?', { k: 'abbbcd' }, true],
    ['StringLike', 'a${*}', { k: 'a*' }, true],
    ['StringLike', 'a${*}', { k: 'ab' }, false],
    ['StringNotLike', 'a*', { k: 'ab' }, false],
    ['StringNotLike', 'a*', {}, true],
    ['StringEquals', '${who}', { k: 'ann', who: 'ann' }, true],
    ['StringEquals', '${who}', { k: 'ann' }, false],
    ['StringEquals', "${who, 'ann'}", { k: 'ann' }, true],
    ['StringLike', '${who}', { k: 'anything', who: '*' }, false],
    ['StringEqualsIgnoreCase', 'x-${who}', { k: 'X-ANN', who: 'Ann' }, true],
    ['NumericEquals', '10', { k: '10.0' }, true],
    ['NumericNotEquals', '10', { k: '11' }, true],
    ['NumericLessThan', '10', { k: '9' }, true],
    ['NumericLessThan', '10', { k: '10' }, false],
    ['NumericLessThanEquals', '10', { k: '10' }, true],
    ['NumericGreaterThan', '-1', { k: '0' }, true],
    ['NumericGreaterThanEquals', '10', { k: '9.99' }, false],
    ['NumericLessThan', '10', { k: 'few' }, false],
    ['NumericEquals', '10', {}, false],
    ['DateLessThan', '2026-01-01T00:00:00Z', { k: '2025-12-31T23:59:59Z' }, true],
    ['DateGreaterThan', '2026-01-01', { k: '2026-01-01T00:00:01Z' }, true],
    ['DateEquals', '2026-01-01T01:00:00+01:00', { k: '1767225600' }, true],
    ['DateNotEquals', '2026-01-01', { k: '1767225600' }, false],
    ['DateLessThanEquals', '1767225600', { k: '2026-01-01T00:00:00.000Z' }, true],
    ['DateLessThan', '2026', { k: '2025-06-01' }, true],
    ['Bool', 'true', { k: 'TRUE' }, true],
    ['Bool', 'false', { k: 'true' }, false],
    ['Bool', 'true', {}, false],
    ['BinaryEquals', 'QmluYXJ5', { k: 'QmluYXJ5' }, true],
    ['IpAddress', '203.0.113.0/24', { k: '203.0.113.99' }, true],
    ['IpAddress', '203.0.113.0/24', { k: '203.0.114.1' }, false],
    ['IpAddress', '203.0.113.7', { k: '203.0.113.7' }, true],
    ['IpAddress', '203.0.113.9/24', { k: '203.0.113.200' }, true],
    ['IpAddress', '10.0.0.0/8', { k: '::ffff:10.1.2.3' }, true],
    ['IpAddress', '0.0.0.0/0', { k: '8.8.8.8' }, true],
    ['IpAddress', '2001:db8::/32', { k: '2001:db8:1234::1' }, true],
    ['IpAddress', '2001:db8::/32', { k: '2001:db9::1' }, false],
    ['IpAddress', 'fe80::/10', { k: 'fe80::1%eth0' }, true],
    ['IpAddress', '10.0.0.0/8', { k: 'not an address' }, false],
    ['NotIpAddress', '10.0.0.0/8', { k: '10.1.1.1' }, false],
    ['NotIpAddress', '10.0.0.0/8', { k: '11.1.1.1' }, true],
    ['ArnEquals', 'arn:aws:ecs:*:1*:task/*', { k: 'arn:aws:ecs:us-east-1:111122223333:task/c/1' }, true],
    ['ArnLike', 'arn:aws:ecs:*:task/*', { k: 'arn:aws:ecs:us-east-1:111122223333:task/c' }, false],
    ['ArnNotEquals', 'arn:aws:iam::111122223333:user/ann', { k: 'arn:aws:iam::111122223333:user/ann' }, false],
    ['ArnNotLike', 'arn:aws:iam::*:user/ann', {}, true],
    ['ArnLike', 'arn:aws:iam::*:user/${who}', { k: 'arn:aws:iam::1:user/a:b', who: 'a:b' }, true],
    ['Null', 'true', {}, true],
    ['Null', 'true', { k: 'x' }, false],
    ['Null', 'false', { k: 'x' }, true],
    ['Null', 'false', {}, false],
    ['StringEqualsIfExists', 'a', {}, true],
    ['StringEqualsIfExists', 'a', { k: 'b' }, false],
    ['NumericLessThanIfExists', '5', {}, true],
    ['ForAllValues:StringEquals', ['a', 'b'], { k: ['a', 'b'] }, true],
    ['ForAllValues:StringEquals', ['a', 'b'], { k: ['a', 'c'] }, false],
    ['ForAllValues:StringEquals', 'a', {}, true],
    ['ForAllValues:StringEquals', 'a', { k: [] }, true],
    ['ForAllValues:StringNotEquals', 'a', { k: ['b', 'a'] }, false],
    ['ForAnyValue:StringEquals', ['a', 'b'], { k: ['c', 'b'] }, true],
    ['ForAnyValue:StringEquals', ['a', 'b'], { k: ['c'] }, false],
    ['ForAnyValue:StringEquals', 'a', {}, false],
    ['ForAnyValue:StringNotEquals', 'a', { k: ['a', 'b'] }, true],
    ['ForAnyValue:StringNotEquals', 'a', {}, false],
    ['ForAnyValue:StringLikeIfExists', 'a*', {}, true],
  ];

  it.each(cases)('%s %j with %j is %j', (operator, values, given, expected) => {
    expect(holds(operator, values, given)).toBe(expected);
  });

  it.each([
    'stringEquals',
    'StringMatches',
    'ForSome:StringEquals',
    'NullIfExists',
    'ForAllValues:Null',
    '',
    'IfExists',
  ])('knows no operator %j', (text) => {
    expect(parseOperatorName(text)).toBeUndefined();
  });
});

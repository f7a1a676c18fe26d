// Filter patterns: which messages match which, and what is refused.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compilePattern } from './pattern.ts';

const line = JSON.stringify({
  level: 'error',
  code: 404,
  ok: false,
  gone: null,
  path: '/api/users/7',
  'odd key': 'x',
  user: { name: 'ann', roles: ['admin', 'dev'] },
  items: [{ id: 1 }, { id: 2 }],
});

test.each([
  '{ $.level = "error" }',
  '{ $.level = error }',
  '{$.level="error"&&$.code>400}',
  '{ $.code = 404 }',
  '{ $.code = 4.04e2 }',
  '{ $.code >= 404 && $.code <= 404 && $.code != 500 }',
  '{ $.path = "/api/*" }',
  '{ $.path = "*users*7" }',
  '{ $.level != "info" }',
  '{ $.ok IS FALSE }',
  '{ $.gone IS NULL }',
  '{ $.missing NOT EXISTS }',
  '{ $["odd key"] = x }',
  '{ $.user.name = ann }',
  '{ $.user.roles[1] = "dev" }',
  '{ $.user.roles[*] = "admin" }',
  '{ $.items[*].id > 1 }',
  '{ ($.level = "info" || $.code = 404) && $.user.name = "a*" }',
  '{ $.level = "info" || $.level = "error" && $.code = 404 }',
])('%s matches', (pattern) => {
  expect(compilePattern(pattern)(line)).toBe(true);
});

test.each([
  '{ $.level = "err" }',
  '{ $.level = "info" }',
  '{ $.code > 404 }',
  '{ $.code = "404" }',
  '{ $.missing = "x" }',
  '{ $.missing != "x" }',
  '{ $.ok IS TRUE }',
  '{ $.level NOT EXISTS }',
  '{ $.level.length NOT EXISTS && $.level = x }',
  '{ $.constructor.name = "*" }',
  '{ ($.level = "info" || $.level = "error") && $.code = 500 }',
  '{ $.path = "/api/*users*users*" }',
])('%s does not', (pattern) => {
  expect(compilePattern(pattern)(line)).toBe(false);
});

test.each(['', 'text', '[1]', '{"level":"error"', '"error"'])('%j is no JSON object and matches none', (message) => {
  expect(compilePattern('{ $.level NOT EXISTS }')(message)).toBe(false);
});

test.each([
  '{',
  '{}',
  '{ $.a }',
  '{ $.a = }',
  '{ $.a = 1',
  '{ $.a > x }',
  '{ $.a IS MAYBE }',
  '{ ($.a = 1 }',
  '{ $.a = 1) }',
  '{ $.a = 1 $.b = 2 }',
  '{ level = 1 }',
  `{ ${'('.repeat(30)}$.a = 1${')'.repeat(30)} }`,
  '[ip, user]',
  '%regex%',
])('%s is refused', (pattern) => {
  expect(() => compilePattern(pattern)).toThrow(expect.objectContaining({ code: 'InvalidParameterException' }));
});

test('a star stands for anything, and for nothing else than the rest of the text', () => {
  const texts = fc.array(fc.stringMatching(/^[ab]{0,3}$/), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(texts, fc.stringMatching(/^[ab]{0,8}$/), (parts, text) => {
      const expected = new RegExp(`^${parts.join('.*')}$`).test(text);
      expect(compilePattern(`{ $.x = "${parts.join('*')}" }`)(JSON.stringify({ x: text }))).toBe(expected);
    }),
  );
});

function outcome(pattern: string): string {
  try {
    return String(compilePattern(pattern)('{"a":[{"b":1}]}'));
  } catch (error) {
    return (error as { readonly code: string }).code;
  }
}

test('whatever is asked for, the answer is a matcher or a refusal', () => {
  const word = fc.constantFrom(
    '$.a',
    '$.a[*].b',
    '=',
    '!=',
    '<',
    '&&',
    '||',
    '(',
    ')',
    '"x*"',
    '12',
    'IS',
    'NULL',
    '%',
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 12 }), (words) => {
      expect(['true', 'false', 'InvalidParameterException']).toContain(outcome(`{ ${words.join(' ')} }`));
    }),
  );
});

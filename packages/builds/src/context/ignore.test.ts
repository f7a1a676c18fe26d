import fc from 'fast-check';
import { expect, test } from 'vitest';
import { matchesGlob, parseGlob } from './glob.ts';
import { parseIgnoreFile } from './ignore.ts';

test.each([
  ['*.md', 'README.md', true],
  ['*.md', 'docs/README.md', false],
  ['**/*.md', 'README.md', true],
  ['**/*.md', 'a/b/README.md', true],
  ['a/**/z', 'a/z', true],
  ['a/**/z', 'a/b/c/z', true],
  ['a/**/z', 'a/b/c/y', false],
  ['a?c', 'abc', true],
  ['a?c', 'a/c', false],
  ['[a-c]x', 'bx', true],
  ['[^a-c]x', 'bx', false],
  ['\\*', '*', true],
  ['\\*', 'x', false],
  ['*a*b*', 'xxaxxbxx', true],
])('the pattern %s and %s: %s', (pattern, path, expected) => {
  expect(matchesGlob(parseGlob(pattern), path)).toBe(expected);
});

test('matching agrees with a regular expression made from the pattern', () => {
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 });
  const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 });
  fc.assert(
    fc.property(pattern, text, (glob, name) => {
      fc.pre(glob !== '**');
      const expected = new RegExp(`^${glob.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(name);
      expect(matchesGlob(parseGlob(glob), name)).toBe(expected);
    }),
  );
});

test('a pattern made to be slow is not', () => {
  const glob = parseGlob(`${'*a'.repeat(200)}b`);
  expect(matchesGlob(glob, 'a'.repeat(5000))).toBe(false);
});

test('later lines win, folders take their content with them, exceptions bring it back', () => {
  const rules = parseIgnoreFile('# comment\n\n/node_modules\n*.log\n!keep.log\n**/secret\n!docs/secret/public\n');
  const ignored = ['node_modules', 'node_modules/a/b', 'x.log', 'a/secret', 'docs/secret/private'];
  const kept = ['keep.log', 'src/x.log', 'docs/secret/public', 'docs/secret/public/x', 'index.html'];
  expect(ignored.filter((path) => !rules.ignores(path))).toEqual([]);
  expect(kept.filter((path) => rules.ignores(path))).toEqual([]);
  expect(rules.hasExceptions).toBe(true);
});

test('a broken pattern is refused with its line', () => {
  expect(() => parseIgnoreFile('ok\n[a-')).toThrow('.dockerignore, line 2: a [ is not closed');
});

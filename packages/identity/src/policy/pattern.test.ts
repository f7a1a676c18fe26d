import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePattern, patternParts } from './pattern.ts';

function matches(pattern: string, text: string): boolean {
  return compilePattern(patternParts(pattern)).matches(text);
}

/** The textbook definition, slow and plain. */
function slow(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern[0] === '*') return slow(pattern.slice(1), text) || (text !== '' && slow(pattern, text.slice(1)));
  return text !== '' && (pattern[0] === '?' || pattern[0] === text[0]) && slow(pattern.slice(1), text.slice(1));
}

describe('wildcard patterns', () => {
  it.each([
    ['*', '', true],
    ['', '', true],
    ['', 'a', false],
    ['?', '', false],
    ['a*', 'a', true],
    ['*a', 'ba', true],
    ['a*a', 'a', false],
    ['a?c', 'abc', true],
    ['a*b*c', 'a-b-b-c', true],
    ['a*bc*c', 'abc', false],
    ['*?', 'x', true],
    ['**', 'anything', true],
    ['a.c', 'abc', false],
    ['ecs:*Task', 'ecs:RunTask', true],
    ['ecs:*Task', 'ecs:RunTasks', false],
  ])('%j against %j is %j', (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected);
  });

  it('agrees with the plain definition', () => {
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 9 });
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 9 });
    fc.assert(
      fc.property(pattern, text, (p, t) => {
        expect(matches(p, t)).toBe(slow(p, t));
      }),
    );
  });

  it('takes a literal part as it is', () => {
    const pattern = compilePattern([{ literal: 'a*' }, 'any-one']);
    expect([pattern.matches('a*b'), pattern.matches('axb')]).toEqual([true, false]);
  });

  it('answers a hostile pattern without exponential work', () => {
    // A backtracking matcher would need more steps than there are atoms in the sea.
    expect(matches(`${'*a?'.repeat(1000)}b`, 'a'.repeat(6000))).toBe(false);
  });
});

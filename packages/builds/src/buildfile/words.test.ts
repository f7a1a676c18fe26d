import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expandWord, splitAssignment, splitWords } from './words.ts';

const values: Readonly<Record<string, string>> = { NAME: 'quay', EMPTY: '', OTHER: 'a b' };
const expansion = { escape: '\\', lookup: (name: string) => values[name] };

describe('variables', () => {
  test.each([
    ['$NAME', 'quay'],
    ['${NAME}s', 'quays'],
    ['$NAME/$MISSING/x', 'quay//x'],
    ['${MISSING:-other}', 'other'],
    ['${EMPTY:-other}', 'other'],
    ['${EMPTY-other}', ''],
    ['${NAME:+set}', 'set'],
    ['${MISSING+set}', ''],
    ['${MISSING:-${NAME:-x}}', 'quay'],
    ['\\$NAME', '$NAME'],
    ["'$NAME'", '$NAME'],
    ['"$NAME"', 'quay'],
    ['"\\$NAME \\x"', '$NAME \\x'],
    ['100$', '100$'],
    ['$OTHER', 'a b'],
  ])('%s becomes %s', (word, value) => {
    expect(expandWord(word, expansion)).toBe(value);
  });

  test.each([
    ['${NAME', 'not closed'],
    ['${MISSING:-"}"}', 'not closed'],
    ['"open', 'not closed'],
    ['${NAME%x}', 'not a replacement'],
    ['${MISSING:?give it}', 'give it'],
    [`${'${A:-'.repeat(20)}x${'}'.repeat(20)}`, 'too deeply'],
  ])('%s is refused', (word, reason) => {
    expect(() => expandWord(word, expansion)).toThrow(reason);
  });

  test('values that grow without bound are refused', () => {
    const long = 'x'.repeat(40_000);
    expect(() => expandWord('$A$A', { escape: '\\', lookup: () => long })).toThrow('longer than');
  });
});

test('words are split at white space outside of quotes', () => {
  expect(splitWords('a "b c"  d\\ e \'f "g\'', '\\')).toEqual(['a', '"b c"', 'd\\ e', "'f \"g'"]);
  expect(splitAssignment('"a=b"=c=d')).toEqual(['"a=b"', 'c=d']);
  expect(splitAssignment('plain')).toBeUndefined();
});

test('any text between single quotes is itself', () => {
  const text = fc.string().filter((value) => !value.includes("'"));
  fc.assert(
    fc.property(text, (value) => {
      expect(expandWord(`'${value}'`, expansion)).toBe(value);
    }),
  );
});

test('no text makes the reader hang or fail with anything but an Error', () => {
  const text = fc.string({ unit: fc.constantFrom(...Array.from('a$\'"{}\\:-+ =')), maxLength: 40 });
  const attempt = (word: string): unknown => {
    try {
      return expandWord(word, expansion);
    } catch (error) {
      return error;
    }
  };
  fc.assert(
    fc.property(text, (value) => {
      const outcomes = splitWords(value, '\\').map(attempt);
      expect(outcomes.filter((each) => typeof each !== 'string' && !(each instanceof Error))).toEqual([]);
    }),
  );
});

import { UserError } from '@longshore/base';
import { expect, test } from 'vitest';
import { parseBuildFile } from './parse.ts';

test('comments, continuation lines and flags are understood', () => {
  const { instructions } = parseBuildFile(
    [
      '# syntax=docker/dockerfile:1',
      '',
      'from scratch',
      'ENV a=1 \\',
      '  # between',
      '',
      '  b=2',
      'COPY --chown=1:2 --link x /y',
    ].join('\r\n'),
  );
  expect(instructions).toMatchObject([
    { line: 3, keyword: 'FROM', rest: 'scratch' },
    { line: 4, keyword: 'ENV', rest: 'a=1   b=2', text: 'ENV a=1 b=2' },
    { line: 8, keyword: 'COPY', rest: 'x /y' },
  ]);
  expect([...(instructions[2]?.flags ?? [])]).toEqual([
    ['chown', '1:2'],
    ['link', ''],
  ]);
});

test('the escape directive changes what continues a line', () => {
  const file = parseBuildFile('# escape=`\nFROM scratch\nENV a=C:\\ `\n b=2');
  expect(file.escape).toBe('`');
  expect(file.instructions[1]?.rest).toBe('a=C:\\  b=2');
});

test.each([
  ['FROM scratch\n\nCOPY --chown=1 --chown=2 a b', 'line 3: --chown is given twice'],
  ['FROM scratch\nENV', 'line 2: ENV needs an argument'],
  ['FROM scratch\n[x] y', 'line 2: "[x]" is not an instruction'],
  ['# escape=x', 'line 1: the escape character'],
  ['CMD x\n'.repeat(1001), 'more than 1000 instructions'],
])('%j is refused with its line', (text, reason) => {
  expect(() => parseBuildFile(text)).toThrow(UserError);
  expect(() => parseBuildFile(text)).toThrow(reason);
});

// Through a real shell: the only judge of quoting.
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { shellExport, shellQuote } from './shell-quote.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 30 }).filter((value) => !value.includes('\0'));
const nasty = fc.constantFrom("'", "''", "\\'", '$(id)', '`id`', '"', '\n', '; rm -rf /', '$HOME', '!', '*', '');

it('any value comes out of sh as it went in', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(text, nasty), { minLength: 1, maxLength: 8 }), (values) => {
      const script = values.map((value) => `printf '%s\\0' ${shellQuote(value)}`).join('; ');
      const printed = execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' });
      expect(printed).toBe(values.map((value) => `${value}\0`).join(''));
    }),
    { numRuns: 60 },
  );
});

it('exports survive an eval, quoted or not', () => {
  const exports = shellExport('A', "it's") + shellExport('B', 'two');
  const script = 'eval "$1"; printf "%s|%s|" "$A" "$B"; unset A B; eval $1; printf "%s|%s" "$A" "$B"';
  expect(execFileSync('/bin/sh', ['-c', script, 'sh', exports], { encoding: 'utf8' })).toBe("it's|two|it's|two");
});

// The house rules, each with code that it must accept and code that it must refuse.
import { RuleTester } from 'oxlint/plugins-dev';
import { describe, it } from 'vitest';
import { noBarrel } from './no-barrel.ts';
import { noFixedSleep } from './no-fixed-sleep.ts';
import { noModuleState } from './no-module-state.ts';
import { openingComment } from './opening-comment.ts';

RuleTester.describe = describe;
RuleTester.it = it;
const tester = new RuleTester();

tester.run('no-module-state', noModuleState, {
  valid: ['const a = 1;', 'function f() { let n = 0; return n; }', 'for (let i = 0; i < 2; i++) ;'],
  invalid: [
    { code: 'let count = 0;', errors: [{ messageId: 'state' }] },
    { code: 'export let count = 0;', errors: [{ messageId: 'state' }] },
    { code: 'var old = 0;', errors: [{ messageId: 'state' }] },
  ],
});

tester.run('opening-comment', openingComment, {
  valid: [
    '// What this is for.\nconst a = 1;',
    '#!/usr/bin/env node\n// What this is for.\nconst a = 1;',
    '/* Words. */ export const a = 1;',
    '',
  ],
  invalid: [
    { code: 'const a = 1;', errors: [{ messageId: 'missing' }] },
    { code: 'const a = 1; // late', errors: [{ messageId: 'missing' }] },
  ],
});

tester.run('no-barrel', noBarrel, {
  valid: [
    { code: "export { a } from './a.ts';", filename: 'packages/x/src/index.ts' },
    { code: 'export const a = 1;', filename: 'packages/x/src/a.ts' },
  ],
  invalid: [
    { code: "export { a } from './a.ts';", filename: 'packages/x/src/b.ts', errors: [{ messageId: 'barrel' }] },
    { code: "export * from './a.ts';", filename: 'packages/x/src/b.ts', errors: [{ messageId: 'barrel' }] },
  ],
});

tester.run('no-fixed-sleep', noFixedSleep, {
  valid: ['await vi.waitFor(() => check());', 'await new Promise((resolve) => server.listen(0, resolve));'],
  invalid: [
    { code: 'await new Promise((resolve) => setTimeout(resolve, 500));', errors: [{ messageId: 'sleep' }] },
    { code: 'await new Promise((r) => setTimeout(r, 1_000));', errors: [{ messageId: 'sleep' }] },
  ],
});

import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { importFaults, importsOf } from './package-imports.ts';

const root = join(import.meta.dirname, '..');

test('every package imports only what the design allows', () => {
  expect(importFaults(root)).toEqual([]);
});

test.each([
  [
    'agent',
    "import { openStore } from '@longshore/store';",
    /@longshore\/store is not among the dependencies of agent/,
  ],
  ['base', "import pg from 'pg';", /only store may import pg/],
  ['registry', "const x = await import('../../containers/src/types.ts');", /leaves the package/],
  ['aws', "import { z } from 'zod';", /zod is not among the dependencies of aws/],
])('a forbidden import planted in %s is found', (name, line, message) => {
  const copy = mkdtempSync(join(tmpdir(), 'imports-'));
  try {
    cpSync(join(root, 'packages'), join(copy, 'packages'), {
      recursive: true,
      filter: (source) => !source.includes('node_modules'),
    });
    writeFileSync(join(copy, 'packages', name, 'src', 'planted.ts'), `// Planted.\n${line}\n`);
    expect(importFaults(copy).join('\n')).toMatch(message);
  } finally {
    rmSync(copy, { recursive: true });
  }
});

test('imports are found in every form', () => {
  const source =
    "import a from 'a';\nimport {\n  b,\n} from \"b\";\nimport 'c';\nexport * from 'd';\nconst e = await import('e');\nimport type { F } from 'f/g';";
  expect(importsOf(source)).toEqual(['a', 'b', 'c', 'd', 'e', 'f/g']);
});

// Only a package's door (index.ts, and testing.ts beside it) re-exports; inside a package one imports from where a thing is.
import { basename } from 'node:path';
import type { Rule } from './types.ts';

const doors: ReadonlySet<string> = new Set(['index.ts', 'testing.ts']);

export const noBarrel: Rule = {
  meta: {
    type: 'problem',
    messages: { barrel: 'Re-exports belong in the package door, src/index.ts. Import from the file that defines it.' },
  },
  create(context) {
    if (doors.has(basename(context.filename))) return {};
    return {
      ExportAllDeclaration: (node) => context.report({ node, messageId: 'barrel' }),
      ExportNamedDeclaration(node) {
        if (node.source) context.report({ node, messageId: 'barrel' });
      },
    };
  },
};

// No mutable state at the top of a module: what lives longer than a call belongs to an object that somebody made.
import type { Rule } from './types.ts';

export const noModuleState: Rule = {
  meta: {
    type: 'problem',
    messages: {
      state: 'Module-level `{{kind}}` is shared state. Keep it in an object that a function makes and its caller owns.',
    },
  },
  create(context) {
    return {
      VariableDeclaration(node) {
        const top = node.parent.type === 'Program' || node.parent.type === 'ExportNamedDeclaration';
        if (top && (node.kind === 'let' || node.kind === 'var')) {
          context.report({ node, messageId: 'state', data: { kind: node.kind } });
        }
      },
    };
  },
};

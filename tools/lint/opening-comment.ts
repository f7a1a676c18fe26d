// A file opens with a sentence or two on its job.
import type { Rule } from './types.ts';

export const openingComment: Rule = {
  meta: {
    type: 'suggestion',
    messages: { missing: 'Open the file with a comment that says in a sentence or two what it is for.' },
  },
  create(context) {
    return {
      Program(node) {
        const first = context.sourceCode.getAllComments().find((comment) => comment.type !== 'Shebang');
        const code = node.body[0];
        if (code && (!first || first.range[0] > code.range[0])) context.report({ node: code, messageId: 'missing' });
      },
    };
  },
};

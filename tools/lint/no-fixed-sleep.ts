// Tests wait for what they expect, never for a fixed time: such sleeps are slow when they pass and flaky when they fail.
import type { Rule } from './types.ts';

export const noFixedSleep: Rule = {
  meta: {
    type: 'problem',
    messages: {
      sleep: 'Wait for the condition (vi.waitFor, an event, a poll with a deadline) instead of a fixed time.',
    },
  },
  create(context) {
    return {
      // await new Promise((resolve) => setTimeout(resolve, 500))
      AwaitExpression(node) {
        const awaited = node.argument;
        if (
          awaited.type !== 'NewExpression' ||
          awaited.callee.type !== 'Identifier' ||
          awaited.callee.name !== 'Promise'
        )
          return;
        const body = context.sourceCode.getText(awaited);
        if (/^new Promise(?:<[^>]*>)?\(\(?(\w+)\)? => (?:void )?setTimeout\(\1, ?[\d_]+\)\)$/.test(body)) {
          context.report({ node, messageId: 'sleep' });
        }
      },
    };
  },
};

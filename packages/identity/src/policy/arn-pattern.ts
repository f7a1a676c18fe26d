// Patterns over ARNs: each of the six fields is matched by itself, so a `*` never reaches over a colon into another
// field (except in the last, which keeps its own colons).
import type { ConditionContext } from './context.ts';
import { arnFieldParts, compileTemplate, compileTemplateParts } from './template.ts';

export interface ArnPattern {
  /** Undefined if a variable of the pattern has no value, so that it stands for no ARN at all. */
  matches(arn: string, context: ConditionContext): boolean | undefined;
}

/** The six fields, or undefined if `text` is not an ARN. */
function arnFields(text: string): string[] | undefined {
  const parts = text.split(':');
  if (parts.length < 6 || parts[0] !== 'arn') return undefined;
  return [...parts.slice(0, 5), parts.slice(5).join(':')];
}

/** `*` matches everything, also what is not an ARN (the resource `*` of operations without one). */
export function compileArnPattern(text: string, variables: boolean): ArnPattern {
  if (/^\*+$/.test(text)) return { matches: () => true };
  if (!text.startsWith('arn:')) {
    const whole = compileTemplate(text, variables);
    return { matches: (arn, context) => whole.resolve(context)?.matches(arn) };
  }
  const fields = arnFieldParts(text, variables).map(compileTemplateParts);
  return {
    matches(arn, context) {
      const patterns = fields.map((field) => field.resolve(context));
      if (patterns.includes(undefined)) return undefined;
      return arnFields(arn)?.every((field, i) => patterns[i]?.matches(field) ?? false) ?? false;
    },
  };
}

// Text of policies with wildcards and variables: `arn:aws:ecs:*:*:task/${aws:username}/*`. Variables exist from version
// 2012-10-17 on (IAM user guide, "Policy variables"). What a variable stands for is always taken literally.
import type { ConditionContext } from './context.ts';
import { compilePattern, type Pattern, type PatternPart, patternParts } from './pattern.ts';

interface Variable {
  readonly variable: string;
  readonly fallback: string | undefined;
}

type TemplatePart = PatternPart | Variable;

export interface Template {
  /** Undefined if a variable has no value in this context: then nothing matches. */
  resolve(context: ConditionContext): Pattern | undefined;
}

const variablePattern = /\$\{([^{},]*)(?:,\s*'([^']*)'\s*)?\}/g;
const escapes = new Set(['*', '?', '$']);

/** Splits into literals, wildcards and variables; `${*}`, `${?}` and `${$}` are those characters. */
export function templateParts(text: string, variables: boolean): TemplatePart[] {
  if (!variables || !text.includes('${')) return patternParts(text);
  const parts: TemplatePart[] = [];
  let from = 0;
  for (const match of text.matchAll(variablePattern)) {
    const name = (match[1] ?? '').trim();
    parts.push(...patternParts(text.slice(from, match.index)));
    parts.push(escapes.has(name) ? { literal: name } : { variable: name.toLowerCase(), fallback: match[2] });
    from = match.index + match[0].length;
  }
  parts.push(...patternParts(text.slice(from)));
  return parts;
}

function isVariable(part: TemplatePart): part is Variable {
  return typeof part === 'object' && 'variable' in part;
}

/** The parts with variables filled in, or undefined. A variable of several values has no single value. */
function fill(parts: readonly TemplatePart[], context: ConditionContext): PatternPart[] | undefined {
  const filled: PatternPart[] = [];
  for (const part of parts) {
    if (!isVariable(part)) {
      filled.push(part);
      continue;
    }
    const values = context.get(part.variable);
    const value = values?.length === 1 ? values[0] : part.fallback;
    if (value === undefined) return undefined;
    filled.push({ literal: value });
  }
  return filled;
}

export function compileTemplateParts(parts: readonly TemplatePart[]): Template {
  if (!parts.some(isVariable)) {
    const pattern = compilePattern(parts as readonly PatternPart[]);
    return { resolve: () => pattern };
  }
  return {
    resolve(context) {
      const filled = fill(parts, context);
      return filled && compilePattern(filled);
    },
  };
}

export function compileTemplate(text: string, variables: boolean): Template {
  return compileTemplateParts(templateParts(text, variables));
}

/** Takes wildcards as ordinary characters; variables are still filled in (StringEquals). */
export function compileLiteralTemplate(text: string, variables: boolean): Template {
  const parts = templateParts(text, variables).map(
    (part): TemplatePart => (part === 'any-run' ? { literal: '*' } : part === 'any-one' ? { literal: '?' } : part),
  );
  return compileTemplateParts(parts);
}

/** Whether the text has variables that only a request can fill. */
export function hasVariables(text: string, variables: boolean): boolean {
  return templateParts(text, variables).some(isVariable);
}

/**
 * Splits a template at its first five colons, as an ARN. Colons inside variables do not count, so that a value cannot
 * reach into the next field. Missing fields are `*` (IAM user guide, "Incomplete ARNs").
 */
export function arnFieldParts(text: string, variables: boolean): TemplatePart[][] {
  const fields: TemplatePart[][] = [[]];
  for (const part of templateParts(text, variables)) {
    if (typeof part === 'string' || isVariable(part)) {
      fields[fields.length - 1]?.push(part);
      continue;
    }
    const pieces = part.literal.split(':');
    while (pieces.length > 0) {
      const rest = fields.length === 6;
      const piece = rest ? pieces.splice(0).join(':') : (pieces.shift() ?? '');
      fields[fields.length - 1]?.push({ literal: piece });
      if (!rest && pieces.length > 0) fields.push([]);
    }
  }
  while (fields.length < 6) fields.push(['any-run']);
  return fields;
}

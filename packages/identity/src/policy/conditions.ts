// One condition of a statement: an operator, a key, and the values that the policy names for it.
// Missing keys, negation and quantifiers follow the IAM reference, "Condition operators" and "Multivalued context keys".
import type { ConditionContext } from './context.ts';
import { conditionOperators, type ConditionOperator, type ValueTest } from './operators.ts';
import { readBoolean } from './values.ts';

export interface OperatorName {
  readonly quantifier: 'all' | 'any' | undefined;
  readonly name: string;
  readonly ifExists: boolean;
}

const namePattern = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/;

/** Undefined if there is no such operator. `Null` takes neither quantifier nor IfExists. */
export function parseOperatorName(text: string): OperatorName | undefined {
  const match = namePattern.exec(text);
  const name = match?.[2];
  if (!match || name === undefined) return undefined;
  const quantifier = match[1] === 'ForAllValues' ? 'all' : match[1] === 'ForAnyValue' ? 'any' : undefined;
  const ifExists = match[3] !== undefined;
  if (name === 'Null') return quantifier || ifExists ? undefined : { quantifier, name, ifExists };
  return conditionOperators.has(name) ? { quantifier, name, ifExists } : undefined;
}

/** Whether the operator can read `text` as a value of its type. */
export function isConditionValue(operator: OperatorName, text: string, variables: boolean): boolean {
  if (operator.name === 'Null') return readBoolean(text) !== undefined;
  return conditionOperators.get(operator.name)?.compile(text, variables) !== undefined;
}

export interface Condition {
  holds(context: ConditionContext): boolean;
}

function nullCondition(key: string, values: readonly string[]): Condition {
  const wanted = values.map(readBoolean);
  return { holds: (context) => wanted.includes(!context.has(key)) };
}

function quantified(
  quantifier: OperatorName['quantifier'],
  { negated }: ConditionOperator,
  tests: readonly ValueTest[],
): (given: readonly string[], context: ConditionContext) => boolean {
  const one = (value: string, context: ConditionContext) => tests.some((test) => test(value, context)) !== negated;
  // Without a quantifier a single value is the rule. For several, a match is any match, and its negation is none.
  const every = quantifier === 'all' || (quantifier === undefined && negated);
  return (given, context) =>
    every ? given.every((value) => one(value, context)) : given.some((value) => one(value, context));
}

/** Compiles a validated condition; a value that its operator cannot read never matches. */
export function compileCondition(
  operator: OperatorName,
  key: string,
  values: readonly string[],
  variables: boolean,
): Condition {
  const lowerKey = key.toLowerCase();
  const definition = conditionOperators.get(operator.name);
  if (!definition) return nullCondition(lowerKey, values);
  const tests = values.map((value) => definition.compile(value, variables)).filter((test) => test !== undefined);
  const holds = quantified(operator.quantifier, definition, tests);
  const whenMissing =
    operator.ifExists || operator.quantifier === 'all' || (operator.quantifier === undefined && definition.negated);
  return {
    holds(context) {
      const given = context.get(lowerKey);
      return given === undefined ? whenMissing : holds(given, context);
    },
  };
}

// The condition operators (IAM reference, "Condition operators"). Each compiles one value of a policy into a test of
// one value of the request; negation, quantifiers and missing keys are conditions.ts's business.
import { compileArnPattern } from './arn-pattern.ts';
import type { ConditionContext } from './context.ts';
import { compileLiteralTemplate, compileTemplate, hasVariables } from './template.ts';
import { readAddressRange, readBoolean, readDate, readNumber } from './values.ts';

export type ValueTest = (given: string, context: ConditionContext) => boolean;

export interface ConditionOperator {
  /** True for the Not… operators: they hold when no value matches, also when the key is missing. */
  readonly negated: boolean;
  /** Undefined if `text` is not a value of this operator's type. */
  compile(text: string, variables: boolean): ValueTest | undefined;
}

type Compile = ConditionOperator['compile'];

const stringEquals: Compile = (text, variables) => {
  const template = compileLiteralTemplate(text, variables);
  return (given, context) => template.resolve(context)?.matches(given) ?? false;
};

const stringEqualsIgnoreCase: Compile = (text, variables) => {
  if (!hasVariables(text, variables)) {
    const lower = compileLiteralTemplate(text.toLowerCase(), variables);
    return (given, context) => lower.resolve(context)?.matches(given.toLowerCase()) ?? false;
  }
  const template = compileLiteralTemplate(text.toLowerCase(), variables);
  return (given, context) => {
    const lowered = new Map(Array.from(context, ([key, values]) => [key, values.map((each) => each.toLowerCase())]));
    return template.resolve(lowered)?.matches(given.toLowerCase()) ?? false;
  };
};

const stringLike: Compile = (text, variables) => {
  const template = compileTemplate(text, variables);
  return (given, context) => template.resolve(context)?.matches(given) ?? false;
};

const arnLike: Compile = (text, variables) => {
  if (text !== '*' && !text.startsWith('arn:') && !hasVariables(text, variables)) return undefined;
  const pattern = compileArnPattern(text, variables);
  return (given, context) => pattern.matches(given, context) ?? false;
};

const bool: Compile = (text) => {
  const wanted = readBoolean(text);
  return wanted === undefined ? undefined : (given) => readBoolean(given) === wanted;
};

const ipAddress: Compile = (text) => {
  const range = readAddressRange(text);
  return range && ((given) => range.contains(given));
};

const binary: Compile = (text) =>
  /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0 ? (given) => given === text : undefined;

function compared(
  read: (text: string) => number | undefined,
  holds: (given: number, wanted: number) => boolean,
): Compile {
  return (text) => {
    const wanted = read(text);
    if (wanted === undefined) return undefined;
    return (given) => {
      const value = read(given);
      return value !== undefined && holds(value, wanted);
    };
  };
}

const comparisons = {
  Equals: (a: number, b: number) => a === b,
  LessThan: (a: number, b: number) => a < b,
  LessThanEquals: (a: number, b: number) => a <= b,
  GreaterThan: (a: number, b: number) => a > b,
  GreaterThanEquals: (a: number, b: number) => a >= b,
};

function comparisonOperators(
  prefix: string,
  read: (text: string) => number | undefined,
): [string, ConditionOperator][] {
  return [
    ...Object.entries(comparisons).map(([name, holds]): [string, ConditionOperator] => [
      prefix + name,
      { negated: false, compile: compared(read, holds) },
    ]),
    [`${prefix}NotEquals`, { negated: true, compile: compared(read, comparisons.Equals) }],
  ];
}

function pair(name: string, negatedName: string, compile: Compile): [string, ConditionOperator][] {
  return [
    [name, { negated: false, compile }],
    [negatedName, { negated: true, compile }],
  ];
}

/** By name without quantifier and IfExists. `Null` is not among them: it asks only whether the key is there. */
export const conditionOperators: ReadonlyMap<string, ConditionOperator> = new Map([
  ...pair('StringEquals', 'StringNotEquals', stringEquals),
  ...pair('StringEqualsIgnoreCase', 'StringNotEqualsIgnoreCase', stringEqualsIgnoreCase),
  ...pair('StringLike', 'StringNotLike', stringLike),
  ...pair('ArnEquals', 'ArnNotEquals', arnLike),
  ...pair('ArnLike', 'ArnNotLike', arnLike),
  ...pair('IpAddress', 'NotIpAddress', ipAddress),
  ...comparisonOperators('Numeric', readNumber),
  ...comparisonOperators('Date', readDate),
  ['Bool', { negated: false, compile: bool }],
  ['BinaryEquals', { negated: false, compile: binary }],
]);

// From an expression to a test of an instance. Compiled once for a constraint, then asked for many instances.
import { invalidParameter } from '../../errors.ts';
import { type Comparison, type Expression, formatExpression } from './expression.ts';
import { parseExpression } from './parse.ts';
import { compilePattern } from './pattern.ts';

/** What expressions may ask of an instance. */
export interface Facts {
  readonly connected: boolean;
  readonly agentVersion: string;
  readonly ec2InstanceId: string;
  /** Milliseconds since the epoch. */
  readonly registeredAt: number;
  readonly runningTasks: number;
  readonly attributes: ReadonlyMap<string, string>;
  /** Tasks that are not stopped, by group. */
  readonly groups: ReadonlyMap<string, number>;
}

export interface Constraint {
  /** As the caller wrote it. */
  readonly text: string;
  /** Whether only a new registration or new attributes can change the answer. */
  readonly settled: boolean;
  /** Whether it asks for runningTasksCount. */
  readonly countsRunning: boolean;
  test(facts: Facts): boolean;
  /** The parts that are not met, those that are joined by `and` one by one. */
  unmet(facts: Facts): readonly string[];
}

type Test = (facts: Facts) => boolean;

const orders: Readonly<Record<string, (order: number) => boolean>> = {
  '==': (order) => order === 0,
  '!=': (order) => order !== 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
};

function byOrder(comparison: Comparison, orderOf: (facts: Facts) => number): Test {
  const accepts = orders[comparison.operator];
  return (facts) => accepts?.(orderOf(facts)) ?? false;
}

/** Versions by their numbers, part by part: 1.10.0 is after 1.9.2. A leading `v` and what follows a `-` do not count. */
export function compareVersions(a: string, b: string): number {
  const parts = (text: string) =>
    (text.replace(/^v/, '').split('-')[0] ?? '').split('.').map((part) => Number.parseInt(part, 10) || 0);
  const [left, right] = [parts(a), parts(b)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function readDate(text: string): number {
  const zone = /(?:Z|[+-]\d{2}:?\d{2})$/.test(text) || /^\d{4}-\d{2}-\d{2}$/.test(text) ? '' : 'Z';
  const time = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/.test(text)
    ? Date.parse(`${text}${zone}`)
    : Number.NaN;
  if (Number.isNaN(time))
    throw invalidParameter(
      `Invalid expression: registeredAt needs a date such as 2018-06-18T22:28:28+00:00 or 2018-06-18, not ${text.slice(0, 40)}.`,
    );
  return time;
}

function readCount(text: string): number {
  if (!/^\d{1,9}$/.test(text))
    throw invalidParameter(`Invalid expression: runningTasksCount needs a number, not ${text.slice(0, 40)}.`);
  return Number(text);
}

/** Tests of one text; the operators that begin with `!` are the opposite of the others. */
function textTest(comparison: Comparison): (value: string) => boolean {
  const { operator, values } = comparison;
  if (operator === '==' || operator === '!=') return (value) => value === values[0];
  if (operator === 'in' || operator === '!in') {
    const set = new Set(values);
    return (value) => set.has(value);
  }
  return compilePattern(values[0] ?? '');
}

const negative = new Set(['!=', '!in', '!~', '!exists']);

function isNumber(text: string): boolean {
  return /^-?\d+(?:\.\d+)?$/.test(text);
}

function compareValues(a: string, b: string): number {
  if (isNumber(a) && isNumber(b)) return Number(a) - Number(b);
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A missing attribute equals nothing: `!=`, `!in` and `!~` hold for it, greater and less do not. */
function attributeTest(comparison: Comparison, name: string): Test {
  const { operator, values } = comparison;
  if (operator === 'exists') return (facts) => facts.attributes.has(name);
  if (operator === '!exists') return (facts) => !facts.attributes.has(name);
  if (operator.startsWith('<') || operator.startsWith('>')) {
    const accepts = orders[operator];
    return (facts) => {
      const value = facts.attributes.get(name);
      return value !== undefined && (accepts?.(compareValues(value, values[0] ?? '')) ?? false);
    };
  }
  const holds = textTest(comparison);
  const wanted = !negative.has(operator);
  return (facts) => {
    const value = facts.attributes.get(name);
    return (value !== undefined && holds(value)) === wanted;
  };
}

/** Whether some task on the instance is of a group that fits. */
function groupTest(comparison: Comparison): Test {
  const { operator, values } = comparison;
  const wanted = !negative.has(operator);
  if (operator === 'exists' || operator === '!exists') return (facts) => facts.groups.size > 0 === wanted;
  if (operator === '==' || operator === '!=') return (facts) => facts.groups.has(values[0] ?? '') === wanted;
  const holds = textTest(comparison);
  return (facts) => [...facts.groups.keys()].some(holds) === wanted;
}

function comparisonTest(comparison: Comparison): Test {
  const { subject, operator, values } = comparison;
  const [value = ''] = values;
  switch (subject.name) {
    case 'attribute':
      return attributeTest(comparison, subject.attribute);
    case 'task:group':
      return groupTest(comparison);
    case 'agentVersion':
      return byOrder(comparison, (facts) => compareVersions(facts.agentVersion, value));
    case 'registeredAt': {
      const time = readDate(value);
      return byOrder(comparison, (facts) => facts.registeredAt - time);
    }
    case 'runningTasksCount': {
      const count = readCount(value);
      return byOrder(comparison, (facts) => facts.runningTasks - count);
    }
    case 'agentConnected':
    case 'ec2InstanceId': {
      const holds = textTest(comparison);
      const wanted = !negative.has(operator);
      const read = subject.name === 'ec2InstanceId' ? (f: Facts) => f.ec2InstanceId : (f: Facts) => String(f.connected);
      return (facts) => holds(read(facts)) === wanted;
    }
  }
}

function testOf(expression: Expression): Test {
  if (expression.kind === 'comparison') return comparisonTest(expression);
  if (expression.kind === 'not') {
    const inner = testOf(expression.operand);
    return (facts) => !inner(facts);
  }
  const tests = expression.operands.map(testOf);
  return expression.kind === 'and'
    ? (facts) => tests.every((test) => test(facts))
    : (facts) => tests.some((test) => test(facts));
}

function subjectsOf(expression: Expression): string[] {
  if (expression.kind === 'comparison') return [expression.subject.name];
  return expression.kind === 'not' ? subjectsOf(expression.operand) : expression.operands.flatMap(subjectsOf);
}

const changing = new Set(['agentConnected', 'runningTasksCount', 'task:group']);

/** Throws InvalidParameterException. */
export function compileConstraint(text: string): Constraint {
  const expression = parseExpression(text);
  const parts = expression.kind === 'and' ? expression.operands : [expression];
  const tests = parts.map((part) => ({ test: testOf(part), text: formatExpression(part) }));
  const subjects = subjectsOf(expression);
  return {
    text,
    settled: !subjects.some((each) => changing.has(each)),
    countsRunning: subjects.includes('runningTasksCount'),
    test: (facts) => tests.every((each) => each.test(facts)),
    unmet: (facts) => tests.filter((each) => !each.test(facts)).map((each) => each.text),
  };
}

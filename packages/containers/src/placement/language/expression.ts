// The cluster query language as data: what an expression is, which operators a subject takes, and how it is written down
// (ECS Developer Guide, "Create expressions to define container instances").

export type Subject =
  | {
      readonly name:
        | 'agentConnected'
        | 'agentVersion'
        | 'ec2InstanceId'
        | 'registeredAt'
        | 'runningTasksCount'
        | 'task:group';
    }
  | { readonly name: 'attribute'; readonly attribute: string };

export type Operator = '==' | '!=' | '>' | '>=' | '<' | '<=' | 'exists' | '!exists' | 'in' | '!in' | '=~' | '!~';

export interface Comparison {
  readonly kind: 'comparison';
  readonly subject: Subject;
  readonly operator: Operator;
  /** None for `exists`, a list for `in`, else one. */
  readonly values: readonly string[];
}

export type Expression =
  | Comparison
  | { readonly kind: 'not'; readonly operand: Expression }
  | { readonly kind: 'and' | 'or'; readonly operands: readonly Expression[] };

/** The words that mean the same as the signs. */
export const operatorWords: Readonly<Record<string, Operator>> = {
  equals: '==',
  not_equals: '!=',
  greater_than: '>',
  greater_than_equal: '>=',
  less_than: '<',
  less_than_equal: '<=',
  exists: 'exists',
  not_exists: '!exists',
  in: 'in',
  not_in: '!in',
  matches: '=~',
  not_matches: '!~',
};

const equality: readonly Operator[] = ['==', '!='];
const text: readonly Operator[] = [...equality, 'in', '!in', '=~', '!~'];
const ordered: readonly Operator[] = [...equality, '>', '>=', '<', '<='];

/** Which operators each subject takes. */
export const operatorsOf: Readonly<Record<Subject['name'], readonly Operator[]>> = {
  agentConnected: text,
  agentVersion: ordered,
  attribute: [...text, '>', '>=', '<', '<=', 'exists', '!exists'],
  ec2InstanceId: text,
  registeredAt: ordered,
  runningTasksCount: ordered,
  'task:group': [...text, 'exists', '!exists'],
};

function quote(value: string): string {
  return value.includes("'") ? `"${value}"` : `'${value}'`;
}

function formatComparison({ subject, operator, values }: Comparison): string {
  const name = subject.name === 'attribute' ? `attribute:${subject.attribute}` : subject.name;
  if (operator === 'exists' || operator === '!exists') return `${name} ${operator}`;
  const list = values.map(quote);
  return `${name} ${operator} ${operator === 'in' || operator === '!in' ? `[${list.join(', ')}]` : list[0]}`;
}

/** The expression as text that means the same. */
export function formatExpression(expression: Expression): string {
  if (expression.kind === 'comparison') return formatComparison(expression);
  if (expression.kind === 'not') return `not(${formatExpression(expression.operand)})`;
  const parts = expression.operands.map((each) =>
    each.kind === 'and' || each.kind === 'or' ? `(${formatExpression(each)})` : formatExpression(each),
  );
  return parts.join(` ${expression.kind} `);
}

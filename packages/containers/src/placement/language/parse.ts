// Reads an expression of the cluster query language. Recursive descent over the text itself: what a word is depends on
// where it stands (an unquoted pattern may hold parentheses and brackets).
import { invalidParameter } from '../../errors.ts';
import {
  type Comparison,
  type Expression,
  type Operator,
  operatorsOf,
  operatorWords,
  type Subject,
} from './expression.ts';

const maxLength = 2000;
/** Parentheses and negations inside each other. */
const maxDepth = 50;
const maxListed = 200;

const fieldSubjects = [
  'agentConnected',
  'agentVersion',
  'ec2InstanceId',
  'registeredAt',
  'runningTasksCount',
  'task:group',
] as const;

interface Reader {
  readonly text: string;
  at: number;
  depth: number;
}

function problem(reader: Reader, what: string): Error {
  const near = reader.text.slice(reader.at, reader.at + 20);
  const where = near === '' ? 'at its end' : `at character ${reader.at + 1} (${JSON.stringify(near)})`;
  return invalidParameter(`Invalid expression: ${what}, ${where}.`);
}

function skipSpace(reader: Reader): void {
  while (/\s/.test(reader.text.charAt(reader.at))) reader.at += 1;
}

/** What `pattern` (sticky) finds here, moved past. */
function take(reader: Reader, pattern: RegExp): string | undefined {
  skipSpace(reader);
  pattern.lastIndex = reader.at;
  const found = pattern.exec(reader.text)?.[0];
  if (found !== undefined) reader.at += found.length;
  return found;
}

function deeper<T>(reader: Reader, read: () => T): T {
  reader.depth += 1;
  if (reader.depth > maxDepth)
    throw problem(reader, `more than ${maxDepth} parentheses and negations inside each other`);
  const result = read();
  reader.depth -= 1;
  return result;
}

/** `operands` joined by a word or sign; one alone is itself. */
function readChain(reader: Reader, kind: 'and' | 'or', sign: RegExp, readOperand: () => Expression): Expression {
  const operands = [readOperand()];
  while (take(reader, sign) !== undefined) operands.push(readOperand());
  const flat = operands.flatMap((each) => (each.kind === kind ? each.operands : [each]));
  const [only] = flat;
  return flat.length === 1 && only !== undefined ? only : { kind, operands: flat };
}

function readOr(reader: Reader): Expression {
  return readChain(reader, 'or', /(?:\|\||or(?![A-Za-z0-9_.:]))/y, () => readAnd(reader));
}

function readAnd(reader: Reader): Expression {
  return readChain(reader, 'and', /(?:&&|and(?![A-Za-z0-9_.:]))/y, () => readNot(reader));
}

function readNot(reader: Reader): Expression {
  if (take(reader, /(?:!|not(?![A-Za-z0-9_.:]))/y) !== undefined)
    return { kind: 'not', operand: deeper(reader, () => readNot(reader)) };
  if (take(reader, /\(/y) === undefined) return readComparison(reader);
  const inner = deeper(reader, () => readOr(reader));
  if (take(reader, /\)/y) === undefined) throw problem(reader, "a ')' is missing");
  return inner;
}

function readSubject(reader: Reader): Subject {
  const word = take(reader, /[A-Za-z0-9_.:\-/\\]+/y) ?? '';
  const field = fieldSubjects.find((each) => each === word);
  if (field !== undefined) return { name: field };
  if (/^attribute:[A-Za-z0-9_.\-/\\]{1,128}$/.test(word)) return { name: 'attribute', attribute: word.slice(10) };
  reader.at -= word.length;
  throw problem(reader, `a subject is expected: ${fieldSubjects.join(', ')} or attribute:NAME`);
}

function readOperator(reader: Reader): Operator {
  const sign = take(reader, /(?:==|!=|=~|!~|>=|<=|>|<|!exists(?!\w)|!in(?!\w))/y);
  if (sign !== undefined) return sign as Operator;
  const word = take(reader, /[a-z_]+/y) ?? '';
  const named = Object.hasOwn(operatorWords, word) ? operatorWords[word] : undefined;
  if (named !== undefined) return named;
  reader.at -= word.length;
  throw problem(reader, `an operator is expected, such as == or =~`);
}

/** An unquoted pattern: up to white space, or a parenthesis that it did not open itself. */
function readBarePattern(reader: Reader): string {
  skipSpace(reader);
  let open = 0;
  const start = reader.at;
  for (; reader.at < reader.text.length; reader.at += 1) {
    const char = reader.text.charAt(reader.at);
    if (/\s/.test(char) || (char === ')' && open === 0)) break;
    if (char === '\\') reader.at += 1;
    else if (char === '(') open += 1;
    else if (char === ')') open -= 1;
  }
  reader.at = Math.min(reader.at, reader.text.length);
  return reader.text.slice(start, reader.at);
}

function readValue(reader: Reader, pattern: boolean): string {
  const quoted = take(reader, /(?:'[^']*'|"[^"]*")/y);
  if (quoted !== undefined) return quoted.slice(1, -1);
  const bare = pattern ? readBarePattern(reader) : (take(reader, /[^\s()[\],'"]+/y) ?? '');
  if (bare === '') throw problem(reader, 'a value is expected');
  return bare;
}

function readList(reader: Reader): string[] {
  if (take(reader, /\[/y) === undefined) throw problem(reader, "a list is expected, such as ['a', 'b']");
  const values = [readValue(reader, false)];
  while (take(reader, /,/y) !== undefined) values.push(readValue(reader, false));
  if (take(reader, /\]/y) === undefined) throw problem(reader, "a ']' is missing");
  if (values.length > maxListed) throw problem(reader, `a list may have at most ${maxListed} values`);
  return values;
}

function readValues(reader: Reader, operator: Operator): readonly string[] {
  if (operator === 'exists' || operator === '!exists') return [];
  if (operator === 'in' || operator === '!in') return readList(reader);
  return [readValue(reader, operator === '=~' || operator === '!~')];
}

function readComparison(reader: Reader): Comparison {
  const subject = readSubject(reader);
  const operator = readOperator(reader);
  if (!operatorsOf[subject.name].includes(operator))
    throw problem(reader, `${subject.name} does not take the operator ${operator}`);
  return { kind: 'comparison', subject, operator, values: readValues(reader, operator) };
}

/** Throws InvalidParameterException that says what is wrong and where. */
export function parseExpression(text: string): Expression {
  if (text.length > maxLength) throw invalidParameter(`An expression can be at most ${maxLength} characters long.`);
  const reader: Reader = { text, at: 0, depth: 0 };
  const expression = readOr(reader);
  skipSpace(reader);
  if (reader.at < text.length) throw problem(reader, "'and', 'or' or the end is expected");
  return expression;
}

// Filter patterns for JSON, as CloudWatch Logs reads them: `{ $.level = "error" && ($.code >= 400 || $.path = "/a*") }`. A
// message that is no JSON object matches none. Pure; a comparison takes at most length of value × length of text.
import { logErrors } from './errors.ts';

export type Matcher = (message: string) => boolean;

/** A step of a selector: a member's name, or an element's number (or each element). */
type Step = string | number;
type Test = (document: unknown) => boolean;

const each = -1;
const longest = 20;
const deepest = 20;

const tokenPattern =
  /\s*(?:(&&|\|\||[()]|!=|<=|>=|[=<>])|(\$(?:\.[\w-]+|\["(?:[^"\\]|\\.)*"\]|\['(?:[^'\\]|\\.)*'\]|\[(?:\d{1,9}|\*)\])+)|"((?:[^"\\]|\\.)*)"|([^\s&|()=<>!"$%]+))/y;

interface Token {
  readonly kind: 'sign' | 'selector' | 'text' | 'word';
  readonly text: string;
}

function malformed(): Error {
  return logErrors.invalid('Invalid filter pattern: a JSON pattern reads like { $.level = "error" && $.code > 400 }.');
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const pattern = new RegExp(tokenPattern);
  while (pattern.lastIndex < text.trimEnd().length) {
    const [, sign, selector, quoted, word] = pattern.exec(text) ?? [];
    if (sign !== undefined) tokens.push({ kind: 'sign', text: sign });
    else if (selector !== undefined) tokens.push({ kind: 'selector', text: selector });
    else if (quoted !== undefined) tokens.push({ kind: 'text', text: quoted.replace(/\\(.)/g, '$1') });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word });
    else throw malformed();
  }
  return tokens;
}

function stepsOf(selector: string): Step[] {
  const step = /\.([\w-]+)|\[["']((?:[^"'\\]|\\.)*)["']\]|\[(\d+|\*)\]/g;
  const steps = [...selector.matchAll(step)].map(([, name, quoted, index]) =>
    index === undefined ? (name ?? (quoted ?? '').replace(/\\(.)/g, '$1')) : index === '*' ? each : Number(index),
  );
  if (steps.length > longest || steps.filter((step) => step === each).length > 1) throw malformed();
  return steps;
}

/** All that the selector names in the document: nothing, one value, or with `[*]` several. */
function valuesAt(document: unknown, steps: readonly Step[]): unknown[] {
  return steps.reduce<unknown[]>(
    (found, step) =>
      found.flatMap((value) => {
        if (Array.isArray(value))
          return step === each ? value : typeof step === 'number' ? value.slice(step, step + 1) : [];
        if (typeof value !== 'object' || value === null || typeof step === 'number') return [];
        return Object.hasOwn(value, step) ? [(value as Record<string, unknown>)[step]] : [];
      }),
    [document],
  );
}

/** Whether `text` is `pattern`, in which each `*` stands for anything. */
function isLike(text: string, pattern: string): boolean {
  const parts = pattern.split('*');
  const [first = '', last = ''] = [parts[0], parts.at(-1)];
  if (parts.length === 1) return text === pattern;
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= text.length - last.length;
}

const comparisons: Readonly<Record<string, (left: number, right: number) => boolean>> = {
  '<': (left, right) => left < right,
  '>': (left, right) => left > right,
  '<=': (left, right) => left <= right,
  '>=': (left, right) => left >= right,
};

function equals(value: unknown, wanted: Token, number: number | undefined): boolean {
  if (typeof value === 'number') return value === number;
  return typeof value === 'string' && isLike(value, wanted.text);
}

function comparison(steps: readonly Step[], sign: string, wanted: Token): Test {
  if (wanted.kind !== 'text' && wanted.kind !== 'word') throw malformed();
  const isNumber = wanted.kind === 'word' && /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(wanted.text);
  const number = isNumber ? Number(wanted.text) : undefined;
  if (sign === '=') return (document) => valuesAt(document, steps).some((value) => equals(value, wanted, number));
  if (sign === '!=')
    return (document) => {
      const values = valuesAt(document, steps);
      return values.length > 0 && values.every((value) => !equals(value, wanted, number));
    };
  const holds = comparisons[sign];
  if (holds === undefined || number === undefined) throw malformed();
  return (document) => valuesAt(document, steps).some((value) => typeof value === 'number' && holds(value, number));
}

const named: Readonly<Record<string, unknown>> = { NULL: null, TRUE: true, FALSE: false };

/** Throws InvalidParameterException. `text` is the pattern with its braces. */
export function compileJsonPattern(text: string): Matcher {
  if (!text.endsWith('}')) throw malformed();
  const tokens = tokensOf(text.slice(1, -1));
  let next = 0;
  const isNext = (sign: string) => tokens[next]?.kind === 'sign' && tokens[next]?.text === sign;

  function condition(): Test {
    const [selector, sign, value] = tokens.slice(next, (next += 3));
    if (selector?.kind !== 'selector' || sign === undefined || value === undefined) throw malformed();
    const steps = stepsOf(selector.text);
    if (sign.kind === 'sign') return comparison(steps, sign.text, value);
    const words = `${sign.text} ${value.text}`.toUpperCase();
    if (words === 'NOT EXISTS') return (document) => valuesAt(document, steps).length === 0;
    const wanted = /^IS (NULL|TRUE|FALSE)$/.exec(words)?.[1];
    if (wanted === undefined) throw malformed();
    return (document) => valuesAt(document, steps).some((value) => value === named[wanted]);
  }

  function operand(depth: number): Test {
    if (!isNext('(')) return condition();
    if (depth >= deepest) throw malformed();
    next += 1;
    const inner = either(depth + 1);
    if (!isNext(')')) throw malformed();
    next += 1;
    return inner;
  }

  function joined(sign: string, part: () => Test): Test[] {
    const parts = [part()];
    while (isNext(sign)) {
      next += 1;
      parts.push(part());
    }
    return parts;
  }

  function either(depth: number): Test {
    const parts = joined('||', () => {
      const all = joined('&&', () => operand(depth));
      return (document) => all.every((test) => test(document));
    });
    return (document) => parts.some((test) => test(document));
  }

  const matches = either(0);
  if (next < tokens.length) throw malformed();
  return (message) => {
    if (!message.trimStart().startsWith('{')) return false;
    try {
      return matches(JSON.parse(message));
    } catch {
      return false;
    }
  };
}

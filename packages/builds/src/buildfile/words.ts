// Words, quotes and variables, in the small part of the shell's language that the Dockerfile reference allows outside of RUN
// (section "Environment replacement").

export interface Expansion {
  /** The value of a variable, or undefined if it is not set. */
  readonly lookup: (name: string) => string | undefined;
  readonly escape: string;
}

/** Doubling a variable line by line grows without bound, so the result is bounded here. */
const mostChars = 64 * 1024;
const mostDepth = 10;

/** Splits at white space outside of quotes. The words keep their quotes and escapes for `expandWord`. */
export function splitWords(text: string, escape: string): string[] {
  const words: string[] = [];
  let word = '';
  let quote = '';
  for (let i = 0; i < text.length; i += 1) {
    const char = text.charAt(i);
    if (char === escape && quote !== "'" && i + 1 < text.length) {
      word += char + text.charAt(i + 1);
      i += 1;
    } else if (quote === '' && /\s/.test(char)) {
      if (word !== '') words.push(word);
      word = '';
    } else {
      if (char === quote) quote = '';
      else if (quote === '' && (char === '"' || char === "'")) quote = char;
      word += char;
    }
  }
  if (word !== '') words.push(word);
  return words;
}

/** Splits `name=value` at the first `=` outside of quotes; undefined if there is none. */
export function splitAssignment(word: string): readonly [name: string, value: string] | undefined {
  let quote = '';
  for (let i = 0; i < word.length; i += 1) {
    const char = word.charAt(i);
    if (quote === '' && char === '=') return [word.slice(0, i), word.slice(i + 1)];
    if (char === quote) quote = '';
    else if (quote === '' && (char === '"' || char === "'")) quote = char;
  }
  return undefined;
}

/** Removes quotes and escapes, and replaces variables. Throws an Error that says what is wrong with the word. */
export function expandWord(word: string, expansion: Expansion, depth = 0): string {
  if (depth > mostDepth) throw new Error('variables are nested too deeply');
  let result = '';
  let quote = '';
  let i = 0;
  while (i < word.length) {
    const char = word.charAt(i);
    const next = word.charAt(i + 1);
    if (quote === "'") {
      if (char === "'") quote = '';
      else result += char;
      i += 1;
    } else if (char === expansion.escape && next !== '') {
      // Between double quotes the escape character is one only before what has a meaning there.
      const kept = quote === '"' && next !== '"' && next !== '$' && next !== expansion.escape;
      result += kept ? char + next : next;
      i += 2;
    } else if (char === '"' || (char === "'" && quote === '')) {
      quote = quote === '' ? char : '';
      i += 1;
    } else if (char === '$') {
      const variable = readVariable(word, i + 1, expansion, depth);
      result += variable.value;
      i = variable.end;
    } else {
      result += char;
      i += 1;
    }
    if (result.length > mostChars) throw new Error(`the value is longer than ${mostChars} characters`);
  }
  if (quote !== '') throw new Error(`a quote ${quote} is not closed`);
  return result;
}

interface Variable {
  readonly value: string;
  /** Where the text goes on. */
  readonly end: number;
}

/** Reads what follows a `$` at `start`. */
function readVariable(word: string, start: number, expansion: Expansion, depth: number): Variable {
  if (word.charAt(start) !== '{') {
    const name = /^(?:[A-Za-z_][A-Za-z0-9_]*|[0-9])/.exec(word.slice(start))?.[0];
    if (name === undefined) return { value: '$', end: start };
    return { value: expansion.lookup(name) ?? '', end: start + name.length };
  }
  const end = closingBrace(word, start + 1, expansion.escape);
  const inner = word.slice(start + 1, end);
  const parts = /^([A-Za-z_][A-Za-z0-9_]*|[0-9])(?:(:?[-+?])([\s\S]*))?$/.exec(inner);
  if (parts === null) throw new Error(`\${${inner.slice(0, 60)}} is not a replacement that is supported`);
  const [, name = '', operator, alternative = ''] = parts;
  const value = substitute(expansion.lookup(name), name, operator, () => expandWord(alternative, expansion, depth + 1));
  return { value, end: end + 1 };
}

/** `:-` and `:+` take an empty value as not set; without the colon only a missing one. */
function substitute(
  value: string | undefined,
  name: string,
  operator: string | undefined,
  alternative: () => string,
): string {
  const set = value !== undefined && !(operator?.startsWith(':') && value === '');
  switch (operator?.at(-1)) {
    case '-':
      return set ? value : alternative();
    case '+':
      return set ? alternative() : '';
    case '?':
      if (!set) throw new Error(`${name}: ${alternative() || 'is not set'}`);
      return value;
    default:
      return value ?? '';
  }
}

function closingBrace(word: string, start: number, escape: string): number {
  let depth = 1;
  for (let i = start; i < word.length; i += 1) {
    const char = word.charAt(i);
    if (char === escape) i += 1;
    else if (char === '{' && word.charAt(i - 1) === '$') depth += 1;
    else if (char === '}') {
      depth -= 1;
      if (depth === 0) return i;
    }
  }
  throw new Error('a ${ is not closed');
}

// File name patterns as in Go's filepath.Match: `*`, `?`, `[a-z]`, `\` to escape, and `**` for any number of folders. Matched without
// regular expressions, so that no pattern can make it slow.

type Token = '*' | '?' | CharacterSet | { readonly char: string };

interface CharacterSet {
  readonly negated: boolean;
  readonly ranges: readonly (readonly [from: string, to: string])[];
}

/** A pattern, one element a path segment. */
export type Glob = readonly ('**' | readonly Token[])[];

/** Throws an Error if a `[` is not closed. */
export function parseGlob(pattern: string): Glob {
  return pattern.split('/').map((segment) => (segment === '**' ? segment : parseSegment(segment)));
}

/** Whether `path` (segments joined by `/`) matches as a whole. */
export function matchesGlob(glob: Glob, path: string): boolean {
  const segments = path.split('/');
  return matchSequence(
    glob,
    segments,
    (part) => part === '**',
    (part, segment) => part !== '**' && matchesSegment(part, segment),
  );
}

function matchesSegment(tokens: readonly Token[], segment: string): boolean {
  return matchSequence(tokens, Array.from(segment), (token) => token === '*', matchesChar);
}

/**
 * Matches a pattern whose wildcards stand for any number of items. On a mismatch only the last wildcard takes one more: an
 * earlier one need not, so the time is at most the product of both lengths.
 */
function matchSequence<P, T>(
  pattern: readonly P[],
  items: readonly T[],
  isWild: (part: P) => boolean,
  matches: (part: P, item: T) => boolean,
): boolean {
  let p = 0;
  let i = 0;
  let wild: { readonly after: number; taken: number } | undefined;
  while (i < items.length) {
    const part = pattern[p];
    if (part !== undefined && isWild(part)) {
      wild = { after: p + 1, taken: i };
      p += 1;
    } else if (part !== undefined && matches(part, items[i] as T)) {
      p += 1;
      i += 1;
    } else if (wild !== undefined) {
      wild.taken += 1;
      i = wild.taken;
      p = wild.after;
    } else {
      return false;
    }
  }
  return pattern.slice(p).every(isWild);
}

function matchesChar(token: Token, char: string): boolean {
  if (token === '*') return false;
  if (token === '?') return true;
  if ('char' in token) return token.char === char;
  return token.ranges.some(([from, to]) => from <= char && char <= to) !== token.negated;
}

function parseSegment(segment: string): Token[] {
  const chars = Array.from(segment);
  const tokens: Token[] = [];
  let i = 0;
  while (i < chars.length) {
    const char = chars[i] ?? '';
    if (char === '[') {
      const { set, end } = parseSet(chars, i + 1);
      tokens.push(set);
      i = end;
    } else if (char === '\\' && i + 1 < chars.length) {
      tokens.push({ char: chars[i + 1] ?? '' });
      i += 2;
    } else {
      if (char !== '*') tokens.push(char === '?' ? '?' : { char });
      else if (tokens.at(-1) !== '*') tokens.push('*');
      i += 1;
    }
  }
  return tokens;
}

function parseSet(chars: readonly string[], start: number): { readonly set: CharacterSet; readonly end: number } {
  const negated = chars[start] === '^' || chars[start] === '!';
  const ranges: [string, string][] = [];
  let i = negated ? start + 1 : start;
  const readChar = () => {
    if (chars[i] === '\\') i += 1;
    const char = chars[i];
    if (char === undefined) throw new Error('a [ is not closed');
    i += 1;
    return char;
  };
  while (chars[i] !== ']' || ranges.length === 0) {
    const from = readChar();
    let to = from;
    if (chars[i] === '-' && chars[i + 1] !== ']') {
      i += 1;
      to = readChar();
    }
    ranges.push([from, to]);
  }
  return { set: { negated, ranges }, end: i + 1 };
}

// Wildcard patterns of policies: `*` is any run of characters, `?` exactly one. Matching is greedy from chunk to chunk
// and never backtracks over a `*`, so its time is at most length of pattern × length of text.

/** A literal, or one of the two wildcards. */
export type PatternPart = { readonly literal: string } | 'any-run' | 'any-one';

/** The parts between two `*`: literals, and null for `?`. */
type Chunk = readonly (string | null)[];

export interface Pattern {
  matches(text: string): boolean;
}

function chunkLength(chunk: Chunk): number {
  return chunk.reduce((sum, part) => sum + (part === null ? 1 : part.length), 0);
}

function chunkAt(chunk: Chunk, text: string, at: number): boolean {
  let position = at;
  for (const part of chunk) {
    if (part === null) {
      if (position >= text.length) return false;
      position += 1;
    } else {
      if (!text.startsWith(part, position)) return false;
      position += part.length;
    }
  }
  return true;
}

/** The first place at or after `from` where the chunk fits, or -1. */
function findChunk(chunk: Chunk, length: number, text: string, from: number): number {
  const only = chunk[0];
  if (chunk.length === 1 && typeof only === 'string') return text.indexOf(only, from);
  for (let at = from; at + length <= text.length; at++) if (chunkAt(chunk, text, at)) return at;
  return -1;
}

function toChunks(parts: readonly PatternPart[]): Chunk[] {
  const chunks: (string | null)[][] = [[]];
  for (const part of parts) {
    const last = chunks[chunks.length - 1] as (string | null)[];
    if (part === 'any-run') chunks.push([]);
    else if (part === 'any-one') last.push(null);
    else if (part.literal !== '') last.push(part.literal);
  }
  return chunks;
}

/** Compiles a pattern from parts; a literal part is compared as it is, also where it holds `*` or `?`. */
export function compilePattern(parts: readonly PatternPart[]): Pattern {
  const chunks = toChunks(parts);
  const first = chunks[0] ?? [];
  const last = chunks[chunks.length - 1] ?? [];
  const firstLength = chunkLength(first);
  const lastLength = chunkLength(last);
  const middle = chunks.slice(1, -1).map((chunk) => ({ chunk, length: chunkLength(chunk) }));
  if (chunks.length === 1) {
    return { matches: (text) => text.length === firstLength && chunkAt(first, text, 0) };
  }
  return {
    matches(text) {
      const end = text.length - lastLength;
      if (end < firstLength || !chunkAt(first, text, 0) || !chunkAt(last, text, end)) return false;
      let position = firstLength;
      for (const { chunk, length } of middle) {
        const found = findChunk(chunk, length, text, position);
        if (found < 0) return false;
        position = found + length;
        if (position > end) return false;
      }
      return true;
    },
  };
}

/** Splits text at its wildcards. */
export function patternParts(text: string): PatternPart[] {
  return (text.match(/\*|\?|[^*?]+/g) ?? []).map((part) =>
    part === '*' ? 'any-run' : part === '?' ? 'any-one' : { literal: part },
  );
}

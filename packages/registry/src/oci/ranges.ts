// Byte ranges: `Range` of a GET (RFC 9110 §14) and `Content-Range` of a chunk (distribution-spec, "Pushing a blob in
// chunks", which writes it without a unit). Pure.
import type { ByteRange } from '@longshore/blobs';
import { limits } from '../limits.ts';

/** What to send: these ranges, all of it, or nothing because every range lies outside. */
export type RangeAnswer = readonly ByteRange[] | 'whole' | 'unsatisfiable';

/** One range within `size` bytes; 'outside' if it has none of them, 'malformed' if it is no range. */
function readOne(text: string, size: number): ByteRange | 'outside' | 'malformed' {
  const match = /^(\d{0,15})-(\d{0,15})$/.exec(text);
  const [, from = '', to = ''] = match ?? [];
  if (from === '' && to === '') return 'malformed';
  if (from === '') {
    const length = Math.min(Number(to), size);
    return length === 0 ? 'outside' : { first: size - length, last: size - 1 };
  }
  const first = Number(from);
  const last = to === '' ? size - 1 : Math.min(Number(to), size - 1);
  return first > last ? 'outside' : { first, last };
}

/** In order, those that touch or overlap as one (RFC 9110 §15.3.7.2), so that no byte is sent twice. */
function merge(ranges: readonly ByteRange[]): ByteRange[] {
  const merged: ByteRange[] = [];
  for (const range of ranges.toSorted((a, b) => a.first - b.first)) {
    const before = merged.at(-1);
    if (!before || range.first > before.last + 1) merged.push(range);
    else merged[merged.length - 1] = { first: before.first, last: Math.max(before.last, range.last) };
  }
  return merged;
}

/** Other units, more ranges than the bound and what is malformed are answered with the whole, as RFC 9110 allows. */
export function readRange(header: string | undefined, size: number): RangeAnswer {
  const list = header === undefined ? undefined : /^bytes=([\d\s,-]{1,1000})$/.exec(header.trim())?.[1];
  const texts = list?.split(',') ?? [];
  if (texts.length === 0 || texts.length > limits.rangesPerRequest) return 'whole';
  const ranges: ByteRange[] = [];
  for (const text of texts) {
    const range = readOne(text.trim(), size);
    if (range === 'malformed') return 'whole';
    if (range !== 'outside') ranges.push(range);
  }
  return ranges.length === 0 ? 'unsatisfiable' : merge(ranges);
}

/** `0-1023`, or undefined if it is anything else. */
export function readContentRange(header: string): ByteRange | undefined {
  const match = /^(\d{1,15})-(\d{1,15})$/.exec(header.trim());
  if (!match) return undefined;
  const range = { first: Number(match[1]), last: Number(match[2]) };
  return range.first > range.last ? undefined : range;
}

/** How the distribution specification reports an upload of `offset` bytes. */
export function uploadRange(offset: number): string {
  return `0-${Math.max(0, offset - 1)}`;
}

// Byte ranges: `Range` of a GET (RFC 9110 §14) and `Content-Range` of a chunk (distribution-spec, "Pushing a blob in
// chunks", which writes it without a unit). Pure.
import type { ByteRange } from '@longshore/blobs';

/** What to send: one range, all of it, or nothing because the range lies outside. */
export type RangeAnswer = ByteRange | 'whole' | 'unsatisfiable';

/** Several ranges and other units are answered with the whole blob, as RFC 9110 allows. */
export function readRange(header: string | undefined, size: number): RangeAnswer {
  const match = header === undefined ? null : /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header.trim());
  if (!match) return 'whole';
  const [, from = '', to = ''] = match;
  if (from === '' && to === '') return 'whole';
  if (from === '') {
    const length = Math.min(Number(to), size);
    return length === 0 ? 'unsatisfiable' : { first: size - length, last: size - 1 };
  }
  const first = Number(from);
  const last = to === '' ? size - 1 : Math.min(Number(to), size - 1);
  return first > last ? 'unsatisfiable' : { first, last };
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

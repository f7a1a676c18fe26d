// The form of an answer with several ranges: `multipart/byteranges` (RFC 9110 §14.6). Pure.
import type { ByteRange } from '@longshore/blobs';

interface Part {
  readonly range: ByteRange;
  /** What stands before the range's bytes. */
  readonly head: Uint8Array;
}

export interface Multipart {
  readonly contentType: string;
  /** Bytes of the whole body. */
  readonly length: number;
  readonly parts: readonly Part[];
  readonly tail: Uint8Array;
}

/** Lays out `ranges` of an entity of `size` bytes. The boundary must not occur in it: random, long. */
export function layOut(ranges: readonly ByteRange[], size: number, contentType: string, boundary: string): Multipart {
  const parts = ranges.map((range, i) => ({
    range,
    head: Buffer.from(
      `${i === 0 ? '' : '\r\n'}--${boundary}\r\nContent-Type: ${contentType}\r\nContent-Range: bytes ${range.first}-${range.last}/${size}\r\n\r\n`,
    ),
  }));
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  const length = parts.reduce((sum, { range, head }) => sum + head.length + range.last - range.first + 1, tail.length);
  return { contentType: `multipart/byteranges; boundary=${boundary}`, length, parts, tail };
}

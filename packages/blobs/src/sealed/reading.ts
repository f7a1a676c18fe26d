// Reading sealed blobs: only the chunks that a range needs are read, and nothing leaves before its tag was verified.
import type { Digest } from '@longshore/base';
import type { BlobReader, ByteRange, ByteSink } from '../types.ts';
import { openChunk, SealBrokenError } from './chunk-cipher.ts';
import {
  chunkBytes,
  chunkCount,
  chunkSpan,
  type ChunkSpan,
  header,
  sealedChunkBytes,
  sealedLength,
  wholeSpan,
} from './format.ts';

/** A sealed blob: where its bytes are, what opens them, and how many bytes it has in clear. */
export interface SealedBlob {
  readonly stored: Digest;
  readonly dataKey: Uint8Array;
  readonly size: number;
}

/** Copies `range` of the plaintext into `sink`. Throws `BlobNotFoundError`, `SealBrokenError`, or a RangeError. */
export async function copySealed(
  inner: Pick<BlobReader, 'copyTo'>,
  blob: SealedBlob,
  sink: ByteSink,
  range?: ByteRange,
): Promise<void> {
  const span = range ? chunkSpan(blob.size, range.first, range.last) : wholeSpan(blob.size);
  const opener = createOpener(blob, span, range, sink);
  await inner
    .copyTo(blob.stored, opener, { first: span.sealedFirst, last: span.sealedLast })
    .catch((error: unknown) => {
      // A sealed blob that is shorter than its plaintext says was cut off.
      throw error instanceof RangeError ? new SealBrokenError(span.lastChunk) : error;
    });
  opener.end();
}

interface Opener extends ByteSink {
  /** Throws unless everything came. */
  end(): void;
}

function createOpener(blob: SealedBlob, span: ChunkSpan, range: ByteRange | undefined, sink: ByteSink): Opener {
  const { dataKey, size } = blob;
  const lastIndex = chunkCount(size) - 1;
  const gathered = Buffer.allocUnsafe(sealedChunkBytes);
  let held = 0;
  let headerLeft = span.firstChunk === 0 ? header.length : 0;
  let index = span.firstChunk;

  async function open(sealed: Uint8Array): Promise<void> {
    const plain = openChunk(dataKey, index, index === lastIndex ? 'last' : 'inner', sealed);
    const start = index * chunkBytes;
    index += 1;
    const from = range ? Math.max(0, range.first - start) : 0;
    const to = range ? Math.min(plain.length, range.last + 1 - start) : plain.length;
    if (to > from) await sink.write(plain.subarray(from, to));
  }

  function takeHeader(chunk: Uint8Array): Uint8Array {
    if (headerLeft === 0) return chunk;
    const at = header.length - headerLeft;
    const part = chunk.subarray(0, headerLeft);
    if (!header.subarray(at, at + part.length).equals(part)) throw new SealBrokenError(0);
    headerLeft -= part.length;
    return chunk.subarray(part.length);
  }

  return {
    async write(bytes) {
      let rest = takeHeader(bytes);
      while (rest.length > 0) {
        if (index > span.lastChunk) throw new SealBrokenError(index);
        const wanted = sealedLength(size, index);
        if (held === 0 && rest.length >= wanted) {
          await open(rest.subarray(0, wanted));
          rest = rest.subarray(wanted);
          continue;
        }
        const part = rest.subarray(0, wanted - held);
        gathered.set(part, held);
        held += part.length;
        rest = rest.subarray(part.length);
        if (held < wanted) return;
        held = 0;
        await open(gathered.subarray(0, wanted));
      }
    },
    end() {
      if (held !== 0 || headerLeft !== 0 || index !== span.lastChunk + 1) throw new SealBrokenError(index);
    },
  };
}

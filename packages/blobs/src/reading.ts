// Reading blobs from the directory. A file is read to its end through one handle, so that a removal at the same time harms
// nobody who has begun.
import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { Digest } from '@longshore/base';
import type { BufferPool } from './buffers.ts';
import { copyBytes } from './copy.ts';
import { BlobNotFoundError } from './errors.ts';
import { isMissing } from './file-errors.ts';
import type { Layout } from './layout.ts';
import type { OpenFiles } from './open-files.ts';
import type { BlobReader, ByteRange } from './types.ts';

export function createReader(layout: Layout, files: OpenFiles, pool: BufferPool): BlobReader {
  async function openBlob(digest: Digest): Promise<FileHandle> {
    try {
      return await open(layout.blob(digest), constants.O_RDONLY | constants.O_NOFOLLOW);
    } catch (error) {
      throw isMissing(error) ? new BlobNotFoundError(digest) : error;
    }
  }

  return {
    async size(digest) {
      try {
        return (await stat(layout.blob(digest))).size;
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    copyTo: (digest, sink, range) =>
      files.use(digest, async (blob) => {
        const { first, length } = spanOf(blob.size, range);
        await copyBytes(blob, sink, pool, first, length);
      }),
    async open(digest, range) {
      const file = await openBlob(digest);
      try {
        const { first, length } = spanOf((await file.stat()).size, range);
        if (length > 0)
          return file.createReadStream({ start: first, end: first + length - 1, highWaterMark: 256 * 1024 });
      } catch (error) {
        await file.close();
        throw error;
      }
      await file.close();
      return Readable.from([]);
    },
  };
}

/** Which bytes to read. Throws a RangeError unless the range lies inside the file. */
function spanOf(size: number, range: ByteRange | undefined): { readonly first: number; readonly length: number } {
  if (range === undefined) return { first: 0, length: size };
  const { first, last } = range;
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last) || first < 0 || last < first || last >= size) {
    throw new RangeError(`Bytes ${first}-${last} are not inside a blob of ${size} bytes`);
  }
  return { first, length: last - first + 1 };
}

// Reading blobs from the bucket, proxied: pieces go on as they come, and pushing back goes all the way to the store. A read that is
// cut off or stalls goes on where it was, of the same version of the object.
import { Readable } from 'node:stream';
import { backoffDelay, type Digest } from '@longshore/base';
import { BlobNotFoundError } from '../errors.ts';
import type { BlobReader, ByteRange } from '../types.ts';
import type { OpenObject } from './bucket.ts';
import type { S3Context } from './context.ts';
import { isTransient, s3Error } from './failures.ts';

export function createS3Reader(context: S3Context): BlobReader {
  const { bucket, keys } = context;

  async function openBlob(digest: Digest, range: ByteRange | undefined): Promise<AsyncIterable<Uint8Array>> {
    try {
      const pieces = await readObject(context, keys.blob(digest), range);
      if (pieces) return pieces;
    } catch (error) {
      throw s3Error(error);
    }
    throw new BlobNotFoundError(digest);
  }

  return {
    async size(digest) {
      try {
        return (await bucket.head(keys.blob(digest)))?.size;
      } catch (error) {
        throw s3Error(error);
      }
    },
    async copyTo(digest, sink, range) {
      for await (const piece of await openBlob(digest, range)) await sink.write(piece);
    },
    async open(digest, range) {
      return Readable.from(await openBlob(digest, range), { objectMode: false, highWaterMark: 256 * 1024 });
    },
  };
}

/** The bytes of an object, begun when this resolves; undefined if there is none. Throws a RangeError for a range not inside it. */
export async function readObject(
  context: S3Context,
  key: string,
  range?: ByteRange,
): Promise<AsyncGenerator<Uint8Array, void, undefined> | undefined> {
  if (range && !isRange(range)) throw outside(range);
  const opened = await context.bucket.get(key, range && { range });
  if (!opened) return undefined;
  if (range && range.last >= opened.size) {
    opened.body.destroy();
    throw outside(range);
  }
  return pieces(context, key, opened, range ?? { first: 0, last: opened.size - 1 });
}

async function* pieces(
  context: S3Context,
  key: string,
  opened: OpenObject,
  { first, last }: ByteRange,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { bucket, clock, limits } = context;
  let position = first;
  let failures = 0;
  let body: Readable = opened.body;
  try {
    while (position <= last) {
      try {
        for await (const piece of unstalled(body, limits.stallMs)) {
          failures = 0;
          position += piece.length;
          yield piece;
        }
        if (position <= last) throw new Error(`The store ended the body at byte ${position} of ${last + 1}`);
      } catch (error) {
        failures += 1;
        if (failures >= limits.attempts || !isTransient(error)) throw s3Error(error);
        await clock.sleep(backoffDelay(failures - 1));
        const again = await bucket
          .get(key, { range: { first: position, last }, ifMatch: opened.etag })
          .catch(throwOurs);
        if (!again) throw s3Error(error);
        body.destroy();
        body = again.body;
      }
    }
  } finally {
    body.destroy();
  }
}

/** Gives up a body that gives nothing for too long; the time that the consumer takes does not count. */
async function* unstalled(body: Readable, stallMs: number): AsyncGenerator<Uint8Array, void, undefined> {
  const source = (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  for (;;) {
    const timer = setTimeout(() => body.destroy(new Error(`The store sent nothing for ${stallMs} ms`)), stallMs);
    const next = await source.next().finally(() => clearTimeout(timer));
    if (next.done) return;
    yield next.value;
  }
}

function throwOurs(error: unknown): never {
  throw s3Error(error);
}

function isRange({ first, last }: ByteRange): boolean {
  return Number.isSafeInteger(first) && Number.isSafeInteger(last) && first >= 0 && last >= first;
}

function outside({ first, last }: ByteRange): RangeError {
  return new RangeError(`Bytes ${first}-${last} are not inside of the blob`);
}

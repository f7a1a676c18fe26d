// What a sealed blob gives away, and what it notices.
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Digest, digestOf, newHexId, silentLogger } from '@longshore/base';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDirectoryBlobStore } from '../directory.ts';
import { DigestMismatchError, UploadNotFoundError } from '../errors.ts';
import type { BlobReader, BlobStore } from '../types.ts';
import { SealBrokenError, openChunk, sealChunk } from './chunk-cipher.ts';
import { chunkBytes, header, sealedChunkBytes, sealedSize } from './format.ts';
import { copySealed } from './reading.ts';
import { noProgress, type SealedUpload, type SealProgress } from './types.ts';
import { createSealedUploads } from './uploads.ts';

const stored = digestOf('') as Digest;

function sealWhole(key: Buffer, plain: Buffer): Buffer {
  const pieces: Buffer[] = [header];
  const count = Math.max(1, Math.ceil(plain.length / chunkBytes));
  for (let i = 0; i < count; i++) {
    const role = i === count - 1 ? 'last' : 'inner';
    pieces.push(sealChunk(key, i, role, plain.subarray(i * chunkBytes, (i + 1) * chunkBytes)));
  }
  return Buffer.concat(pieces);
}

/** A reader over bytes in memory, giving them in pieces of any size, as a store may. */
function readerOf(bytes: Buffer, pieceBytes: number): Pick<BlobReader, 'copyTo'> {
  return {
    async copyTo(_digest, sink, range) {
      const { first, last } = range ?? { first: 0, last: bytes.length - 1 };
      if (last >= bytes.length) throw new RangeError('outside');
      for (let at = first; at <= last; at += pieceBytes) {
        await sink.write(Uint8Array.from(bytes.subarray(at, Math.min(last + 1, at + pieceBytes))));
      }
    },
  };
}

async function read(
  sealed: Buffer,
  dataKey: Buffer,
  size: number,
  range?: { first: number; last: number },
  piece = 300_000,
) {
  const out: Buffer[] = [];
  const sink = { write: async (chunk: Uint8Array) => void out.push(Buffer.from(chunk)) };
  await copySealed(readerOf(sealed, piece), { stored, dataKey, size }, sink, range);
  return Buffer.concat(out);
}

const key = randomBytes(32);
const plain = randomBytes(3 * chunkBytes + 12_345);
const sealed = sealWhole(key, plain);

describe('the sealed format', () => {
  test('is as long as the formula says, and reads back whole', async () => {
    for (const size of [0, 1, chunkBytes - 1, chunkBytes, chunkBytes + 1, plain.length]) {
      const bytes = plain.subarray(0, size);
      const each = sealWhole(key, bytes);
      expect(each.length).toBe(sealedSize(size));
      expect((await read(each, key, size)).equals(bytes)).toBe(true);
    }
  });

  test('any range, in pieces of any size, is exactly those bytes', async () => {
    const position = fc.nat({ max: plain.length - 1 });
    await fc.assert(
      fc.asyncProperty(position, position, fc.integer({ min: 1000, max: 400_000 }), async (a, b, piece) => {
        const range = { first: Math.min(a, b), last: Math.max(a, b) };
        const copy = await read(sealed, key, plain.length, range, piece);
        expect(copy.equals(plain.subarray(range.first, range.last + 1))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('a range reads only the chunks it needs', async () => {
    const asked: { first: number; last: number }[] = [];
    const inner = readerOf(sealed, 100_000);
    const spy: Pick<BlobReader, 'copyTo'> = {
      copyTo(digest, sink, range) {
        if (range) asked.push(range);
        return inner.copyTo(digest, sink, range);
      },
    };
    const sink = { write: async () => undefined };
    await copySealed(spy, { stored, dataKey: key, size: plain.length }, sink, { first: chunkBytes, last: chunkBytes });
    const first = header.length + sealedChunkBytes;
    expect(asked).toEqual([{ first, last: first + sealedChunkBytes - 1 }]);
  });

  test('one flipped bit anywhere is noticed, and nothing of its chunk gets out', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: sealed.length - 1 }), fc.nat({ max: 7 }), async (at, bit) => {
        const forged = Buffer.from(sealed);
        forged[at] = (forged[at] ?? 0) ^ (1 << bit);
        const got: Buffer[] = [];
        const sink = { write: async (chunk: Uint8Array) => void got.push(Buffer.from(chunk)) };
        const copy = copySealed(readerOf(forged, 70_000), { stored, dataKey: key, size: plain.length }, sink);
        await expect(copy).rejects.toThrow(SealBrokenError);
        const clear = Buffer.concat(got);
        expect(clear.equals(plain.subarray(0, clear.length))).toBe(true);
        expect(clear.length).toBeLessThanOrEqual(
          Math.floor(Math.max(0, at - header.length) / sealedChunkBytes) * chunkBytes,
        );
      }),
      { numRuns: 80 },
    );
  });

  test('a blob that was cut off, whatever size is claimed, does not open', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: sealed.length - 1 }), fc.nat({ max: plain.length - 1 }), async (length, size) => {
        await expect(read(sealed.subarray(0, length), key, plain.length)).rejects.toThrow(SealBrokenError);
        await expect(read(sealed, key, size)).rejects.toThrow(SealBrokenError);
      }),
      { numRuns: 60 },
    );
    const atChunk = sealed.subarray(0, header.length + 2 * sealedChunkBytes);
    await expect(read(atChunk, key, 2 * chunkBytes)).rejects.toThrow(SealBrokenError);
  });

  test('chunks in another order, twice, or of another blob do not open', async () => {
    const other = sealWhole(key, randomBytes(plain.length));
    const otherKey = sealWhole(randomBytes(32), plain);
    const chunk = (bytes: Buffer, i: number) =>
      bytes.subarray(header.length + i * sealedChunkBytes, header.length + (i + 1) * sealedChunkBytes);
    const join4 = (...chunks: Buffer[]) => Buffer.concat([header, ...chunks]);
    const [a, b, c, d] = [chunk(sealed, 0), chunk(sealed, 1), chunk(sealed, 2), chunk(sealed, 3)];
    for (const forged of [
      join4(b, a, c, d),
      join4(a, a, c, d),
      join4(a, c, b, d),
      join4(a, chunk(otherKey, 1), c, d),
    ]) {
      await expect(read(forged, key, plain.length)).rejects.toThrow(SealBrokenError);
    }
    // A data key is of one blob: under the blob's own key a chunk of another one cannot have been sealed.
    await expect(read(other, randomBytes(32), plain.length)).rejects.toThrow(SealBrokenError);
  });

  test('the pending end of an upload is no chunk of a blob', () => {
    const pending = sealChunk(key, 2, 'pending', Buffer.from('end'));
    expect(() => openChunk(key, 2, 'last', pending)).toThrow(SealBrokenError);
    expect(() => openChunk(key, 3, 'pending', pending)).toThrow(SealBrokenError);
    expect(openChunk(key, 2, 'pending', pending).toString()).toBe('end');
  });
});

describe('sealed uploads in a directory', () => {
  let dir: string;
  let inner: BlobStore;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'longshore-sealed-'));
    inner = await openDirectoryBlobStore({ dir, log: silentLogger });
  });
  afterEach(() => rm(dir, { recursive: true }));

  interface TestUpload extends SealedUpload {
    progress: SealProgress;
  }

  async function begin(): Promise<TestUpload> {
    const id = newHexId();
    await inner.create(id);
    const upload: TestUpload = {
      id,
      dataKey: randomBytes(32),
      progress: noProgress,
      load: async () => upload.progress,
      save: async (progress) => void (upload.progress = progress),
    };
    return upload;
  }

  async function everythingOnDisk(): Promise<Buffer> {
    const entries = await readdir(dir, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => readFile(join(entry.parentPath, entry.name)));
    return Buffer.concat(await Promise.all(files));
  }

  async function* from(...pieces: Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
    yield* pieces;
  }

  test('no plaintext reaches the disk, neither while bytes come nor afterwards', async () => {
    const secret = Buffer.alloc(300_000, 'the plans of the new engine; ');
    const uploads = createSealedUploads(inner);
    const upload = await begin();
    await uploads.append(upload, from(secret.subarray(0, 100_000)));
    expect((await everythingOnDisk()).includes('new engine')).toBe(false);
    expect(Buffer.from(upload.progress.tail).includes('new engine')).toBe(false);
    await uploads.append(upload, from(secret.subarray(100_000)));
    const { stored: at, size } = await uploads.finish(upload, digestOf(secret));
    expect((await everythingOnDisk()).includes('new engine')).toBe(false);
    const out: Buffer[] = [];
    const sink = { write: async (chunk: Uint8Array) => void out.push(Buffer.from(chunk)) };
    await copySealed(inner, { stored: at, size, dataKey: upload.dataKey }, sink);
    expect(Buffer.concat(out).equals(secret)).toBe(true);
  });

  test('after a restart the digest is verified from the stored bytes, and a wrong one leaves nothing', async () => {
    const bytes = randomBytes(200_000);
    for (const honest of [true, false]) {
      const upload = await begin();
      await createSealedUploads(inner).append(upload, from(bytes));
      const restarted = createSealedUploads(await openDirectoryBlobStore({ dir, log: silentLogger }));
      expect(await restarted.offset(upload)).toBe(bytes.length);
      const finished = restarted.finish(upload, honest ? digestOf(bytes) : digestOf('other'));
      const outcome = await finished.then(
        ({ size }) => size,
        (error: unknown) => (error instanceof DigestMismatchError ? 'mismatch' : error),
      );
      expect(outcome).toBe(honest ? bytes.length : 'mismatch');
    }
    expect((await everythingOnDisk()).length).toBe(2 * sealedSize(bytes.length));
  });

  test('a crash between the chunk and the saved end of the upload loses neither', async () => {
    const bytes = randomBytes(3 * chunkBytes);
    const upload = await begin();
    const uploads = createSealedUploads(inner);
    await uploads.append(upload, from(bytes.subarray(0, 100)));
    const before = upload.progress;
    await uploads.append(upload, from(bytes.subarray(100, 2 * chunkBytes + 5)));
    // As if the second progress had never been saved: what is in the file counts, the old tail went into it.
    upload.progress = before;
    const offset = await createSealedUploads(inner).offset(upload);
    expect(offset).toBe(2 * chunkBytes);
    await createSealedUploads(inner).append(upload, from(bytes.subarray(offset)));
    expect((await createSealedUploads(inner).finish(upload, digestOf(bytes))).size).toBe(bytes.length);
  });

  test('an upload that a crash cut off inside of a chunk is gone', async () => {
    const upload = await begin();
    await inner.append(upload.id, from(randomBytes(1000)));
    const uploads = createSealedUploads(inner);
    expect(await uploads.offset(upload)).toBeUndefined();
    await expect(uploads.append(upload, from(randomBytes(10)))).rejects.toThrow(UploadNotFoundError);
  });
});

// What every blob store must do, as one suite over a factory: each kind of store runs it in its own test file.
import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { type Digest, digestOf, newHexId, parseDigest } from '@longshore/base';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  BlobNotFoundError,
  BlobTooLargeError,
  DigestMismatchError,
  UploadBusyError,
  UploadNotFoundError,
} from '../errors.ts';
import type { BlobStore, ByteRange, RecoveryOracle } from '../types.ts';

/** A store that can be opened again over the same bytes, as after a restart. */
export interface StoreUnderTest {
  readonly store: BlobStore;
  reopen(): Promise<BlobStore>;
  dispose(): Promise<void>;
}

export function blobStoreContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${name}, as a blob store`, () => {
    let subject: StoreUnderTest;
    let store: BlobStore;
    beforeEach(async () => {
      subject = await open();
      store = subject.store;
    });
    afterEach(() => subject.dispose());

    readingContract(() => store);
    uploadContract(() => store);
    recoveryContract(() => subject);
  });
}

function readingContract(store: () => BlobStore): void {
  test('a stored blob reads back through every door', async () => {
    const bytes = randomBytes(700_001);
    const digest = await put(store(), bytes);
    expect(await store().size(digest)).toBe(bytes.length);
    expect((await read(store(), digest)).equals(bytes)).toBe(true);
    expect((await buffer(await store().open(digest))).equals(bytes)).toBe(true);
    const middle = { first: 300_000, last: 699_999 };
    expect((await buffer(await store().open(digest, middle))).equals(bytes.subarray(300_000, 700_000))).toBe(true);
  });

  test('an empty blob is a blob', async () => {
    const digest = await put(store(), Buffer.alloc(0));
    expect(await store().size(digest)).toBe(0);
    expect(await read(store(), digest)).toHaveLength(0);
    expect(await buffer(await store().open(digest))).toHaveLength(0);
  });

  test('a sha512 blob is found under its sha512 digest only', async () => {
    const bytes = randomBytes(1000);
    const digest = digestOf(bytes, 'sha512');
    await put(store(), bytes, digest);
    expect((await read(store(), digest)).equals(bytes)).toBe(true);
    expect(await store().size(digestOf(bytes))).toBeUndefined();
  });

  test('a blob that is not there is said to be missing', async () => {
    const digest = digestOf('never stored');
    expect(await store().size(digest)).toBeUndefined();
    await expect(read(store(), digest)).rejects.toThrow(BlobNotFoundError);
    await expect(store().open(digest)).rejects.toThrow(BlobNotFoundError);
    await store().remove(digest);
  });

  test('a removed blob is gone, yet a copy under way ends well', async () => {
    const bytes = randomBytes(2_000_000);
    const digest = await put(store(), bytes);
    const received: Buffer[] = [];
    const write = async (chunk: Uint8Array) => {
      if (received.length === 0) await store().remove(digest);
      received.push(Buffer.from(chunk));
    };
    await store().copyTo(digest, { write });
    expect(Buffer.concat(received).equals(bytes)).toBe(true);
    expect(await store().size(digest)).toBeUndefined();
  });

  test('a sink that fails ends the copy with its own error', async () => {
    const digest = await put(store(), randomBytes(1_000_000));
    const write = async () => {
      throw new Error('connection lost');
    };
    await expect(store().copyTo(digest, { write })).rejects.toThrow('connection lost');
  });

  test('a range outside of the blob is refused', async () => {
    const digest = await put(store(), Buffer.from('0123456789'));
    for (const [first, last] of [
      [0, 10],
      [5, 4],
      [-1, 3],
      [10, 10],
      [0.5, 2],
    ] as const) {
      await expect(read(store(), digest, { first, last })).rejects.toThrow(RangeError);
    }
  });

  test('every range of every blob is exactly those bytes', async () => {
    const bytes = randomBytes(800_000);
    const digest = await put(store(), bytes);
    const position = fc.nat({ max: bytes.length - 1 });
    await fc.assert(
      fc.asyncProperty(position, position, async (a, b) => {
        const range = { first: Math.min(a, b), last: Math.max(a, b) };
        const copy = await read(store(), digest, range);
        expect(copy.equals(bytes.subarray(range.first, range.last + 1))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  test('a hundred copies at the same time are all whole', async () => {
    const bytes = randomBytes(1_500_000);
    const digest = await put(store(), bytes);
    const copies = await Promise.all(
      Array.from({ length: 100 }, async () => {
        const hash: Uint8Array[] = [];
        await store().copyTo(digest, { write: async (chunk) => void hash.push(Buffer.from(chunk)) });
        return digestOf(Buffer.concat(hash));
      }),
    );
    expect(new Set(copies)).toEqual(new Set([digest]));
  });
}

function uploadContract(store: () => BlobStore): void {
  test('bytes in any pieces and any number of appends become the same blob', async () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 12 });
    const algorithm = fc.constantFrom('sha256' as const, 'sha512' as const);
    await fc.assert(
      fc.asyncProperty(fc.array(pieces, { maxLength: 4 }), algorithm, algorithm, async (appends, guess, actual) => {
        const upload = newHexId();
        await store().create(upload);
        let sent = 0;
        for (const append of appends) {
          sent += append.reduce((sum, piece) => sum + piece.length, 0);
          expect(await store().append(upload, from(append), { algorithm: guess })).toBe(sent);
        }
        const bytes = Buffer.concat(appends.flat());
        const digest = digestOf(bytes, actual);
        expect(await store().finish(upload, digest)).toEqual({ size: sent });
        await store().release(upload);
        expect((await read(store(), digest)).equals(bytes)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  test('the offset follows what was received, and an unknown upload has none', async () => {
    const upload = newHexId();
    expect(await store().offset(upload)).toBeUndefined();
    await store().create(upload);
    expect(await store().offset(upload)).toBe(0);
    await store().append(upload, from([randomBytes(10), randomBytes(2_500_000)]));
    expect(await store().offset(upload)).toBe(2_500_010);
    await expect(store().create(upload)).rejects.toThrow(/exist/);
  });

  test('chunks that are given away become the same blob; memory that others share is left alone', async () => {
    const shared = Buffer.alloc(300_000, 'shared');
    const expected = Buffer.alloc(300_000, 'shared');
    const own = Array.from({ length: 40 }, () => new Uint8Array(randomBytes(65_536)).slice());
    const bytes = Buffer.concat([...own, shared.subarray(100, 200_000)]);
    const upload = newHexId();
    await store().create(upload);
    const end = await store().append(upload, from([...own, shared.subarray(100, 200_000)]), { freeChunks: true });
    expect(end).toBe(bytes.length);
    expect(shared.equals(expected)).toBe(true);
    await store().finish(upload, digestOf(bytes));
    await store().release(upload);
    expect((await read(store(), digestOf(bytes))).equals(bytes)).toBe(true);
  });

  test('a wrong digest is refused and the upload stays', async () => {
    const upload = newHexId();
    await store().create(upload);
    await store().append(upload, from([Buffer.from('hello ')]));
    const refused = store().finish(upload, digestOf('something else'));
    await expect(refused).rejects.toThrow(DigestMismatchError);
    await expect(refused).rejects.toMatchObject({ actual: digestOf('hello ') });
    await store().append(upload, from([Buffer.from('world')]));
    await store().finish(upload, digestOf('hello world'));
    expect((await read(store(), digestOf('hello world'))).toString()).toBe('hello world');
    expect(await store().size(digestOf('something else'))).toBeUndefined();
  });

  test('what came before the source failed is kept, and the upload goes on from there', async () => {
    const upload = newHexId();
    await store().create(upload);
    const failing = async function* () {
      yield Buffer.from('abc');
      yield Buffer.from('def');
      throw new Error('connection lost');
    };
    await expect(store().append(upload, failing())).rejects.toThrow('connection lost');
    expect(await store().offset(upload)).toBe(6);
    await store().append(upload, from([Buffer.from('ghi')]));
    await store().finish(upload, digestOf('abcdefghi'));
  });

  test('a silent source is given up when the signal fires', async () => {
    const upload = newHexId();
    await store().create(upload);
    const stop = new AbortController();
    const silent = async function* () {
      yield Buffer.from('abc');
      stop.abort(new Error('shutting down'));
      await new Promise(() => undefined);
    };
    await expect(store().append(upload, silent(), { signal: stop.signal })).rejects.toThrow('shutting down');
    expect(await store().offset(upload)).toBe(3);
  });

  test('bytes beyond the limit are dropped and said to be too many', async () => {
    const upload = newHexId();
    await store().create(upload);
    await store().append(upload, from([Buffer.from('12345')]), { maxBytes: 8 });
    const tooMany = store().append(upload, from([Buffer.from('678'), Buffer.from('9')]), { maxBytes: 8 });
    await expect(tooMany).rejects.toThrow(BlobTooLargeError);
    expect(await store().offset(upload)).toBe(8);
    await store().finish(upload, digestOf('12345678'));
  });

  test('two requests cannot write one upload at the same time', async () => {
    const upload = newHexId();
    await store().create(upload);
    const { promise: gate, resolve: openGate } = Promise.withResolvers<void>();
    const slow = async function* () {
      await gate;
      yield Buffer.from('first');
    };
    const first = store().append(upload, slow());
    await expect(store().append(upload, from([Buffer.from('second')]))).rejects.toThrow(UploadBusyError);
    await expect(store().finish(upload, digestOf(''))).rejects.toThrow(UploadBusyError);
    openGate();
    expect(await first).toBe(5);
    await store().finish(upload, digestOf('first'));
  });

  test('an upload that was never made or was cancelled takes nothing', async () => {
    const upload = newHexId();
    await expect(store().append(upload, from([Buffer.from('x')]))).rejects.toThrow(UploadNotFoundError);
    await expect(store().finish(upload, digestOf('x'))).rejects.toThrow(UploadNotFoundError);
    await store().cancel(upload);
    await store().create(upload);
    await store().append(upload, from([Buffer.from('x')]));
    await store().cancel(upload);
    expect(await store().offset(upload)).toBeUndefined();
    await expect(store().finish(upload, digestOf('x'))).rejects.toThrow(UploadNotFoundError);
  });

  test('an upload that is cancelled while it is written soon takes no more, and is gone when its writer ends', async () => {
    const upload = newHexId();
    await store().create(upload);
    const written = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const endless = async function* () {
      for (;;) {
        yield Buffer.from('chunk');
        written.resolve();
        await gate.promise;
      }
    };
    const writing = store().append(upload, endless());
    await written.promise;
    await store().cancel(upload);
    gate.resolve();
    await expect(writing).rejects.toThrow(UploadNotFoundError);
    expect(await store().offset(upload)).toBeUndefined();
    await expect(store().append(upload, from([Buffer.from('x')]))).rejects.toThrow(UploadNotFoundError);
  });

  test('finishing again after the answer was lost gives the same answer', async () => {
    const upload = newHexId();
    await store().create(upload);
    await store().append(upload, from([Buffer.from('once')]));
    expect(await store().finish(upload, digestOf('once'))).toEqual({ size: 4 });
    expect(await store().finish(upload, digestOf('once'))).toEqual({ size: 4 });
    await store().release(upload);
    await expect(store().finish(upload, digestOf('once'))).rejects.toThrow(UploadNotFoundError);
    expect(await store().size(digestOf('once'))).toBe(4);
  });

  test('the same bytes uploaded by many at once are one blob', async () => {
    const bytes = randomBytes(300_000);
    const digests = await Promise.all(Array.from({ length: 20 }, () => put(store(), bytes)));
    expect(new Set(digests).size).toBe(1);
    expect((await read(store(), digestOf(bytes))).equals(bytes)).toBe(true);
  });

  test('ids that are not ids never reach the storage', async () => {
    for (const id of ['../../etc/passwd', '', 'A'.repeat(32), `${'a'.repeat(31)}/`, `${'a'.repeat(32)}@sha256-00`]) {
      await expect(store().create(id)).rejects.toThrow(TypeError);
      expect(await store().offset(id)).toBeUndefined();
      await expect(store().append(id, from([Buffer.from('x')]))).rejects.toThrow(UploadNotFoundError);
      await expect(store().finish(id, digestOf('x'))).rejects.toThrow(UploadNotFoundError);
      await store().release(id);
      await store().cancel(id);
    }
    const forged = 'sha256:../../../../etc/passwd' as Digest;
    await expect(store().size(forged)).rejects.toThrow(TypeError);
    await expect(store().open(forged)).rejects.toThrow(TypeError);
  });
}

function recoveryContract(subject: () => StoreUnderTest): void {
  const oracle = (known: readonly string[], stored: readonly Digest[]): RecoveryOracle => ({
    isKnown: async (upload) => known.includes(upload),
    isStored: async (digest) => stored.includes(digest),
  });

  test('the name of a store is kept with its bytes, and is one however many ask at first', async () => {
    const names = await Promise.all([1, 2, 3].map(() => subject().store.storeId()));
    expect(new Set(names).size).toBe(1);
    expect(names[0]).toMatch(/^[0-9a-f]{32}$/);
    const store = await subject().reopen();
    expect(await store.storeId()).toBe(names[0]);
    expect(await store.recover(oracle([], []))).toEqual({ kept: 0, removedUploads: 0, removedBlobs: 0 });
    expect(await store.storeId()).toBe(names[0]);
  });

  test('after a restart a known upload goes on, and an unknown one is removed', async () => {
    const [known, unknown] = [newHexId(), newHexId()];
    for (const upload of [known, unknown]) {
      await subject().store.create(upload);
      await subject().store.append(upload, from([Buffer.from('before ')]));
    }
    const store = await subject().reopen();
    expect(await store.recover(oracle([known], []))).toEqual({ kept: 1, removedUploads: 1, removedBlobs: 0 });
    expect(await store.offset(unknown)).toBeUndefined();
    expect(await store.append(known, from([Buffer.from('after')]))).toBe(12);
    await store.finish(known, digestOf('before after'));
    expect((await read(store, digestOf('before after'))).toString()).toBe('before after');
  });

  test('a finished upload without a record is undone, and one with a record is kept', async () => {
    const [lost, recorded] = [digestOf('lost'), digestOf('recorded')];
    for (const text of ['lost', 'recorded']) await finishOnly(subject().store, text);
    const store = await subject().reopen();
    expect(await store.recover(oracle([], [recorded]))).toEqual({ kept: 1, removedUploads: 0, removedBlobs: 1 });
    expect(await store.size(lost)).toBeUndefined();
    expect((await read(store, recorded)).toString()).toBe('recorded');
    expect(await store.recover(oracle([], [recorded]))).toEqual({ kept: 0, removedUploads: 0, removedBlobs: 0 });
  });

  test('a second upload of a recorded blob, cut off before its record, leaves the blob alone', async () => {
    const digest = await put(subject().store, Buffer.from('shared'));
    await finishOnly(subject().store, 'shared');
    const store = await subject().reopen();
    await store.recover(oracle([], [digest]));
    expect((await read(store, digest)).toString()).toBe('shared');
  });

  test('a released blob is none of the recovery’s business', async () => {
    const digest = await put(subject().store, Buffer.from('settled'));
    const store = await subject().reopen();
    await store.recover(oracle([], []));
    expect((await read(store, digest)).toString()).toBe('settled');
  });
}

/** A source of these pieces. */
export async function* from(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

/** Stores `bytes` the whole way and returns their digest. */
export async function put(store: BlobStore, bytes: Buffer, digest = digestOf(bytes)): Promise<Digest> {
  const upload = newHexId();
  await store.create(upload);
  await store.append(upload, from([bytes]));
  await store.finish(upload, digest);
  await store.release(upload);
  return parseDigest(digest) ?? digest;
}

async function finishOnly(store: BlobStore, text: string): Promise<void> {
  const upload = newHexId();
  await store.create(upload);
  await store.append(upload, from([Buffer.from(text)]));
  await store.finish(upload, digestOf(text));
}

async function read(store: BlobStore, digest: Digest, range?: ByteRange): Promise<Buffer> {
  const pieces: Buffer[] = [];
  await store.copyTo(digest, { write: async (chunk) => void pieces.push(Buffer.from(chunk)) }, range);
  return Buffer.concat(pieces);
}

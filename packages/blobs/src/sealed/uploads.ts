// Sealing uploads as they arrive: what reaches the blob store is ciphertext from the first byte. The blob store keeps and
// names the sealed bytes as it does any others, so crashes, collection and every kind of store work as they do for them.
import { type Digest, digestAlgorithm, type DigestAlgorithm, finishDigest, newHash } from '@longshore/base';
import type { Hash } from 'node:crypto';
import { BlobTooLargeError, DigestMismatchError, UploadBusyError, UploadNotFoundError } from '../errors.ts';
import type { AppendOptions, BlobReader, BlobUploads } from '../types.ts';
import { openChunk, sealChunk } from './chunk-cipher.ts';
import { chunkBytes, header, sealedSize, wholeChunks } from './format.ts';
import { copySealed } from './reading.ts';
import type { SealedResult, SealedUpload, SealProgress } from './types.ts';

export interface SealedUploads {
  /** Bytes of plaintext received, or undefined if there is no such upload (any more). */
  offset(upload: SealedUpload): Promise<number | undefined>;
  /** As `BlobUploads.append`; offsets and bounds are the plaintext's. */
  append(upload: SealedUpload, source: AsyncIterable<Uint8Array>, options?: AppendOptions): Promise<number>;
  /** As `BlobUploads.finish`, with the plaintext's digest. The sealed bytes are named by their own. */
  finish(upload: SealedUpload, digest: Digest): Promise<SealedResult & { readonly storedSize: number }>;
  /** Drops what is remembered in memory. */
  forget(id: string): void;
}

interface Position {
  /** Chunks in the upload's file. */
  chunks: number;
  /** At most `chunkBytes`; a full one is kept back because it may be the last. */
  tail: Buffer;
}

interface Hashed {
  readonly hash: Hash;
  readonly algorithm: DigestAlgorithm;
  readonly bytes: number;
}

/** How many uploads' hashes are remembered between requests; for others the bytes are read again at the end. */
const mostHashes = 1024;

/** A digest that no bytes have: asking to finish with it tells what digest they do have. */
const impossible = `sha256:${'0'.repeat(64)}` as Digest;

export function createSealedUploads(
  inner: Pick<BlobUploads, 'append' | 'finish' | 'offset' | 'release'> &
    Pick<BlobReader, 'copyTo'> & { remove(digest: Digest): Promise<void> },
): SealedUploads {
  const busy = new Set<string>();
  const hashes = new Map<string, Hashed>();

  async function exclusively<T>(upload: SealedUpload, work: () => Promise<T>): Promise<T> {
    if (busy.has(upload.id)) throw new UploadBusyError(upload.id);
    busy.add(upload.id);
    try {
      return await work();
    } finally {
      busy.delete(upload.id);
    }
  }

  /** Where the upload stands; undefined if it is gone, or a crash cut it off inside of a chunk. */
  async function positionOf(upload: SealedUpload, progress: SealProgress): Promise<Position | undefined> {
    const length = await inner.offset(upload.id);
    const chunks = length === undefined ? undefined : wholeChunks(length);
    if (chunks === undefined || chunks < progress.chunks) return undefined;
    const pending = chunks === progress.chunks && progress.tail.length > 0;
    return { chunks, tail: pending ? openChunk(upload.dataKey, chunks, 'pending', progress.tail) : Buffer.alloc(0) };
  }

  function remember(id: string, hashed: Hashed): void {
    hashes.delete(id);
    hashes.set(id, hashed);
    for (const oldest of hashes.keys()) {
      if (hashes.size <= mostHashes) return;
      hashes.delete(oldest);
    }
  }

  function hashFor(id: string, offset: number, algorithm: DigestAlgorithm): Hashed | undefined {
    if (offset === 0) return { hash: newHash(algorithm), algorithm, bytes: 0 };
    const known = hashes.get(id);
    return known?.bytes === offset ? known : undefined;
  }

  async function append(
    upload: SealedUpload,
    source: AsyncIterable<Uint8Array>,
    options: AppendOptions,
  ): Promise<number> {
    const progress = await upload.load();
    const position = progress.finished ? undefined : await positionOf(upload, progress);
    if (!position) throw new UploadNotFoundError(upload.id);
    const start = offsetOf(position);
    const hashed = hashFor(upload.id, start, options.algorithm ?? 'sha256');
    hashes.delete(upload.id);
    const pieces = sealing(upload.dataKey, position, source, hashed?.hash, options);
    try {
      await inner.append(upload.id, pieces.sealed(), { freeChunks: true });
    } catch (error) {
      // What the source gave before it failed is kept; after a failure to write, what was saved before counts.
      if (error !== pieces.failure()?.error) throw error;
    }
    const { chunks, tail } = position;
    const sealedTail = tail.length > 0 ? sealChunk(upload.dataKey, chunks, 'pending', tail) : tail;
    await upload.save({ chunks, tail: sealedTail });
    const offset = offsetOf(position);
    if (hashed) remember(upload.id, { ...hashed, bytes: offset });
    const failure = pieces.failure();
    if (failure) throw failure.error;
    return offset;
  }

  /** Writes the last chunk; resolves to the digest of the sealed bytes. */
  async function close(upload: SealedUpload, { chunks, tail }: Position): Promise<Digest> {
    const last = sealChunk(upload.dataKey, chunks, 'last', tail);
    await inner.append(upload.id, once(chunks === 0 ? Buffer.concat([header, last]) : last));
    try {
      await inner.finish(upload.id, impossible);
    } catch (error) {
      if (error instanceof DigestMismatchError) return error.actual;
      throw error;
    }
    throw new Error('A sealed blob has an impossible digest');
  }

  /** For an upload whose hash is not known any more: reads what was stored, and removes it if it is not what was said. */
  async function verifyStored(upload: SealedUpload, result: SealedResult): Promise<void> {
    const algorithm = digestAlgorithm(result.digest);
    const hash = newHash(algorithm);
    const sink = { write: async (chunk: Uint8Array) => void hash.update(chunk) };
    let actual: Digest;
    try {
      await copySealed(inner, { ...result, dataKey: upload.dataKey }, sink);
      actual = finishDigest(algorithm, hash);
      if (actual === result.digest) return;
    } catch (error) {
      await discard(upload, result.stored);
      throw error;
    }
    await discard(upload, result.stored);
    throw new DigestMismatchError(result.digest, actual);
  }

  async function discard(upload: SealedUpload, stored: Digest): Promise<void> {
    await inner.remove(stored);
    await inner.release(upload.id);
  }

  async function finish(upload: SealedUpload, digest: Digest): Promise<SealedResult> {
    const progress = await upload.load();
    if (progress.finished) {
      if (progress.finished.digest !== digest) throw new UploadNotFoundError(upload.id);
      await inner.finish(upload.id, progress.finished.stored);
      return progress.finished;
    }
    const position = await positionOf(upload, progress);
    if (!position) throw new UploadNotFoundError(upload.id);
    const size = offsetOf(position);
    const hashed = hashFor(upload.id, size, digestAlgorithm(digest));
    const actual =
      hashed?.algorithm === digestAlgorithm(digest) ? finishDigest(hashed.algorithm, hashed.hash.copy()) : undefined;
    if (actual !== undefined && actual !== digest) throw new DigestMismatchError(digest, actual);
    const result = { stored: await close(upload, position), digest, size };
    if (actual !== undefined) await upload.save({ chunks: position.chunks, tail: new Uint8Array(0), finished: result });
    await inner.finish(upload.id, result.stored);
    if (actual === undefined) {
      await verifyStored(upload, result);
      await upload.save({ chunks: position.chunks, tail: new Uint8Array(0), finished: result });
    }
    return result;
  }

  return {
    async offset(upload) {
      const progress = await upload.load();
      const position = progress.finished ? undefined : await positionOf(upload, progress);
      return position && offsetOf(position);
    },
    append: (upload, source, options = {}) => exclusively(upload, () => append(upload, source, options)),
    async finish(upload, digest) {
      const result = await exclusively(upload, () => finish(upload, digest));
      return { ...result, storedSize: sealedSize(result.size) };
    },
    forget: (id) => void hashes.delete(id),
  };
}

function offsetOf({ chunks, tail }: Position): number {
  return chunks * chunkBytes + tail.length;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

/** Seals `source` chunk by chunk from `position`, which moves with it. Remembers why the source was not taken to its end. */
function sealing(
  dataKey: Uint8Array,
  position: Position,
  source: AsyncIterable<Uint8Array>,
  hash: Hash | undefined,
  { maxBytes = Number.MAX_SAFE_INTEGER, signal }: AppendOptions,
) {
  let failure: { readonly error: unknown } | undefined;
  const gathered = Buffer.allocUnsafe(chunkBytes);
  position.tail.copy(gathered);
  let held = position.tail.length;

  function seal(): Buffer {
    const sealed = sealChunk(dataKey, position.chunks, 'inner', gathered);
    const bytes = position.chunks === 0 ? Buffer.concat([header, sealed]) : sealed;
    position.chunks += 1;
    held = 0;
    return bytes;
  }

  async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    let room = maxBytes - offsetOf(position);
    for await (const piece of interruptible(source, signal)) {
      const fits = piece.length <= room ? piece : piece.subarray(0, Math.max(0, room));
      room -= fits.length;
      hash?.update(fits);
      for (let at = 0; at < fits.length; ) {
        if (held === chunkBytes) yield seal();
        const part = fits.subarray(at, at + chunkBytes - held);
        gathered.set(part, held);
        held += part.length;
        at += part.length;
      }
      if (fits.length < piece.length) throw new BlobTooLargeError(maxBytes);
    }
  }

  async function* sealed(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* chunks();
    } catch (error) {
      failure = { error };
      throw error;
    } finally {
      position.tail = Buffer.from(gathered.subarray(0, held));
    }
  }

  return { sealed, failure: () => failure };
}

/** The pieces of `source`, given up with the signal's reason when it fires, also while the source is silent. */
async function* interruptible(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (!signal) return yield* source;
  const aborted = Promise.withResolvers<never>();
  aborted.promise.catch(() => undefined);
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  const iterator = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted.promise]);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    // Not awaited: a silent source may never settle.
    void iterator.return?.()?.then(undefined, () => undefined);
  }
}

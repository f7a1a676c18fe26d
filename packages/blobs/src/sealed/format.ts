// The layout of a sealed blob (design/encryption.md): a header, then chunks of one size, the last one shorter or as long.
//
//   header   "LSSEAL" 00 01 · chunk size (u32) · 00 00 00 00
//   chunk    nonce (12) · ciphertext (as long as the plaintext) · tag (16)
//
// Each chunk is AES-256-GCM under the blob's own data key; its index and whether it is the last are authenticated.

/** Plaintext of every chunk but the last. */
export const chunkBytes = 64 * 1024;
export const nonceBytes = 12;
export const tagBytes = 16;
/** By how much a chunk grows. */
export const overheadBytes = nonceBytes + tagBytes;
export const sealedChunkBytes = chunkBytes + overheadBytes;

export const header: Buffer = makeHeader();

function makeHeader(): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.write('LSSEAL\0\u0001', 'latin1');
  bytes.writeUInt32BE(chunkBytes, 8);
  return bytes;
}

/** Chunks of a blob of `size` bytes: one at least, for the empty blob has an end too. */
export function chunkCount(size: number): number {
  return Math.max(1, Math.ceil(size / chunkBytes));
}

/** Bytes that a blob of `size` bytes takes sealed. */
export function sealedSize(size: number): number {
  return header.length + size + chunkCount(size) * overheadBytes;
}

/** What to read for bytes `first` to `last` of a blob, and what to drop of it. */
export interface ChunkSpan {
  /** Indices of the first and the last chunk needed. */
  readonly firstChunk: number;
  readonly lastChunk: number;
  /** Inclusive, in the sealed blob. A span from chunk 0 includes the header. */
  readonly sealedFirst: number;
  readonly sealedLast: number;
}

/** Throws a RangeError unless the range lies inside a blob of `size` bytes. */
export function chunkSpan(size: number, first: number, last: number): ChunkSpan {
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last) || first < 0 || last < first || last >= size) {
    throw new RangeError(`Bytes ${first}-${last} are not inside a blob of ${size} bytes`);
  }
  return spanOfChunks(size, Math.floor(first / chunkBytes), Math.floor(last / chunkBytes));
}

/** The span of the whole blob, also of the empty one. */
export function wholeSpan(size: number): ChunkSpan {
  return spanOfChunks(size, 0, chunkCount(size) - 1);
}

function spanOfChunks(size: number, firstChunk: number, lastChunk: number): ChunkSpan {
  const end = Math.min(header.length + (lastChunk + 1) * sealedChunkBytes, sealedSize(size));
  const sealedFirst = firstChunk === 0 ? 0 : header.length + firstChunk * sealedChunkBytes;
  return { firstChunk, lastChunk, sealedFirst, sealedLast: end - 1 };
}

/** How long chunk `index` of a blob of `size` bytes is when sealed. */
export function sealedLength(size: number, index: number): number {
  return index < chunkCount(size) - 1 ? sealedChunkBytes : size - index * chunkBytes + overheadBytes;
}

/** Whole chunks in an upload of `length` bytes that is still open; undefined if it ends inside of one. */
export function wholeChunks(length: number): number | undefined {
  if (length === 0) return 0;
  const chunks = (length - header.length) / sealedChunkBytes;
  return Number.isInteger(chunks) && chunks >= 0 ? chunks : undefined;
}

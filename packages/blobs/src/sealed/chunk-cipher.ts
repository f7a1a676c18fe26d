// Sealing and opening one chunk. Nonces are random, not counted: an upload that goes on after a failure may seal the
// same chunk again with other bytes, and a counted nonce would then be used twice under one key, which breaks GCM.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { header, nonceBytes, overheadBytes, tagBytes } from './format.ts';

/** Where a chunk stands: inside, at the end, or not yet in the blob (the end of an open upload, kept elsewhere). */
export type ChunkRole = 'inner' | 'last' | 'pending';

const roles: Readonly<Record<ChunkRole, number>> = { inner: 0, last: 1, pending: 2 };

/** The bytes do not open: altered, moved, cut off, or of another key. */
export class SealBrokenError extends Error {
  override readonly name = 'SealBrokenError';

  constructor(index: number) {
    super(`Chunk ${index} of a sealed blob does not open: it was altered, or sealed with another key`);
  }
}

/** Header, index, role: what a chunk is bound to. */
function boundTo(index: number, role: ChunkRole): Buffer {
  const bytes = Buffer.allocUnsafe(header.length + 9);
  header.copy(bytes);
  bytes.writeBigUInt64BE(BigInt(index), header.length);
  bytes[header.length + 8] = roles[role];
  return bytes;
}

export function sealChunk(key: Uint8Array, index: number, role: ChunkRole, plain: Uint8Array): Buffer {
  const sealed = Buffer.allocUnsafe(plain.length + overheadBytes);
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(boundTo(index, role));
  nonce.copy(sealed);
  cipher.update(plain).copy(sealed, nonceBytes);
  cipher.final();
  cipher.getAuthTag().copy(sealed, nonceBytes + plain.length);
  return sealed;
}

/** The plaintext, after its tag was verified. Throws `SealBrokenError`. */
export function openChunk(key: Uint8Array, index: number, role: ChunkRole, sealed: Uint8Array): Buffer {
  if (sealed.length < overheadBytes) throw new SealBrokenError(index);
  const end = sealed.length - tagBytes;
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes });
  decipher.setAAD(boundTo(index, role));
  decipher.setAuthTag(sealed.subarray(end));
  const plain = decipher.update(sealed.subarray(nonceBytes, end));
  try {
    decipher.final();
  } catch {
    throw new SealBrokenError(index);
  }
  return plain;
}

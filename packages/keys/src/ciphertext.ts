// What Encrypt hands out: which key and which of its materials, and AES-256-GCM bound to the encryption context. Pure.
//
//   01 · key id (16) · material (u32) · nonce (12) · tag (16) · ciphertext
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { kmsErrors } from './errors.ts';

export type EncryptionContext = Readonly<Record<string, string>>;

const version = 1;
const headBytes = 21;
const nonceBytes = 12;
const tagBytes = 16;
const bodyAt = headBytes + nonceBytes + tagBytes;

export interface CiphertextHead {
  /** A UUID. */
  readonly keyId: string;
  readonly material: number;
}

/** Pairs in the order of their keys, so that equal contexts are equal bytes. */
export function contextBytes(context: EncryptionContext): Buffer {
  const pairs = Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.from(JSON.stringify(pairs));
}

function headOf({ keyId, material }: CiphertextHead): Buffer {
  const head = Buffer.alloc(headBytes);
  head[0] = version;
  head.write(keyId.replaceAll('-', ''), 1, 'hex');
  head.writeUInt32BE(material, 17);
  return head;
}

/** Which key opens it. Throws InvalidCiphertextException. */
export function readHead(blob: Uint8Array): CiphertextHead {
  const bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength);
  if (bytes.length < bodyAt || bytes[0] !== version) throw kmsErrors.invalidCiphertext();
  const hex = bytes.toString('hex', 1, 17);
  const keyId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return { keyId, material: bytes.readUInt32BE(17) };
}

export function encrypt(
  head: CiphertextHead,
  key: Uint8Array,
  plaintext: Uint8Array,
  context: EncryptionContext,
): Buffer {
  const headBuffer = headOf(head);
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(Buffer.concat([headBuffer, contextBytes(context)]));
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([headBuffer, nonce, cipher.getAuthTag(), body]);
}

/** Throws InvalidCiphertextException if anything of it, the key or the context is not what it was. */
export function decrypt(key: Uint8Array, blob: Uint8Array, context: EncryptionContext): Buffer {
  readHead(blob);
  const nonce = blob.subarray(headBytes, headBytes + nonceBytes);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
  decipher.setAAD(Buffer.concat([blob.subarray(0, headBytes), contextBytes(context)]));
  decipher.setAuthTag(blob.subarray(headBytes + nonceBytes, bodyAt));
  try {
    return Buffer.concat([decipher.update(blob.subarray(bodyAt)), decipher.final()]);
  } catch {
    throw kmsErrors.invalidCiphertext();
  }
}

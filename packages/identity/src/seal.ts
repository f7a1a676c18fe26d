// Sealing secrets for storage: AES-256-GCM under the master key, bound to what the secret belongs to (`purpose`), so
// that a sealed value moved to another row does not open.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const nonceBytes = 12;
const tagBytes = 16;
const formatVersion = 1;

export interface Sealer {
  /** Version byte, nonce, tag, ciphertext. */
  seal(purpose: string, secret: Uint8Array): Uint8Array;
  /** Throws `UnsealError` if the value was made under another master key, for another purpose, or altered. */
  open(purpose: string, sealed: Uint8Array): Uint8Array;
}

export class UnsealError extends Error {
  override readonly name = 'UnsealError';

  constructor(purpose: string) {
    super(`The stored secret "${purpose}" does not open: the master key is not the one it was sealed with.`);
  }
}

/** Throws RangeError unless `masterKey` has 32 bytes. */
export function createSealer(masterKey: Uint8Array): Sealer {
  if (masterKey.byteLength !== 32) throw new RangeError('The master key must have 32 bytes.');
  const key = Buffer.from(masterKey);
  return {
    seal(purpose, secret) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
      cipher.setAAD(Buffer.from(purpose));
      const body = Buffer.concat([cipher.update(secret), cipher.final()]);
      return Buffer.concat([Buffer.of(formatVersion), nonce, cipher.getAuthTag(), body]);
    },
    open(purpose, sealed) {
      const bodyAt = 1 + nonceBytes + tagBytes;
      if (sealed.byteLength < bodyAt || sealed[0] !== formatVersion) throw new UnsealError(purpose);
      try {
        const nonce = sealed.subarray(1, 1 + nonceBytes);
        const cipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
        cipher.setAAD(Buffer.from(purpose));
        cipher.setAuthTag(sealed.subarray(1 + nonceBytes, bodyAt));
        return Buffer.concat([cipher.update(sealed.subarray(bodyAt)), cipher.final()]);
      } catch {
        throw new UnsealError(purpose);
      }
    },
  };
}

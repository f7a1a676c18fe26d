// Deriving signing keys («Create a signed AWS API request», step 4), and keeping those in use: four of the five HMACs of
// a verification depend only on the secret, the day, the region and the service.
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { type Scope, terminator } from './canonical.ts';

function hmac(key: KeyObject | Uint8Array | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

export function signingKey(secretAccessKey: string, scope: Scope): Buffer {
  const day = hmac(`AWS4${secretAccessKey}`, scope.date);
  return hmac(hmac(hmac(day, scope.region), scope.service), terminator);
}

/** The signature in lower-case hexadecimal. */
export function signatureOf(key: KeyObject | Uint8Array, text: string): string {
  return hmac(key, text).toString('hex');
}

/** True if both texts are equal; takes the same time wherever they differ. */
export function sameText(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

export interface SigningKeys {
  keyFor(accessKeyId: string, secretAccessKey: string, scope: Scope): KeyObject;
}

/** Remembers the `limit` signing keys used last. A key is derived again when its secret has changed. */
export function signingKeys(limit = 1024): SigningKeys {
  const kept = new Map<string, { readonly secret: string; readonly key: KeyObject }>();
  return {
    keyFor(accessKeyId, secretAccessKey, scope) {
      const name = `${accessKeyId}/${scope.date}/${scope.region}/${scope.service}`;
      const found = kept.get(name);
      if (found) kept.delete(name);
      const entry =
        found && sameText(found.secret, secretAccessKey)
          ? found
          : { secret: secretAccessKey, key: createSecretKey(signingKey(secretAccessKey, scope)) };
      kept.set(name, entry);
      const oldest = kept.size > limit ? kept.keys().next().value : undefined;
      if (oldest !== undefined) kept.delete(oldest);
      return entry.key;
    },
  };
}

// Sealing and opening with a key's material. Who may, is decided before.
import type { KeysCore } from './core.ts';
import { decrypt, encrypt, type EncryptionContext, readHead } from './ciphertext.ts';
import { kmsErrors } from './errors.ts';
import { findKeyById, type Key, openMaterial, requireUsable } from './keys.ts';

/** Under the newest material. Throws DisabledException or KMSInvalidStateException. */
export async function encryptWith(
  core: KeysCore,
  key: Key,
  plaintext: Uint8Array,
  context: EncryptionContext,
): Promise<Buffer> {
  requireUsable(key);
  const material = await openMaterial(core, key);
  if (!material) throw kmsErrors.unavailable(`${key.arn} has no material.`);
  return encrypt({ keyId: key.id, material: key.material }, material, plaintext, context);
}

/** Throws DisabledException, KMSInvalidStateException or InvalidCiphertextException. */
export async function decryptWith(
  core: KeysCore,
  key: Key,
  blob: Uint8Array,
  context: EncryptionContext,
): Promise<Buffer> {
  requireUsable(key);
  const head = readHead(blob);
  const material = head.keyId === key.id ? await openMaterial(core, key, head.material) : undefined;
  if (!material) throw kmsErrors.invalidCiphertext();
  return decrypt(material, blob, context);
}

/** The key that sealed `blob`. Throws InvalidCiphertextException if it is not one of this installation. */
export async function keyOfCiphertext(core: KeysCore, blob: Uint8Array): Promise<Key> {
  const key = await findKeyById(core, readHead(blob).keyId);
  if (!key) throw kmsErrors.invalidCiphertext();
  return key;
}

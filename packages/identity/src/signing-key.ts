// The key that signs registry tokens: made at the first start, sealed in the store, the same on every replica.
import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { sql } from '@longshore/store';
import type { IdentityCore } from './core.ts';

const name = 'registry-token-key';
const keyBytes = 32;

async function loadOrMake({ store, sealer, clock }: Omit<IdentityCore, 'forget'>): Promise<KeyObject> {
  const read = () => store.get<{ sealed: Uint8Array }>(sql`SELECT sealed FROM iam_secrets WHERE name = ${name}`);
  let row = await read();
  if (!row) {
    const sealed = sealer.seal(name, randomBytes(keyBytes));
    // The first replica's row stays; all read it back.
    await store.write([
      {
        sql: sql`INSERT INTO iam_secrets (name, sealed, created_at) VALUES (${name}, ${sealed}, ${clock.now()})
          ON CONFLICT (name) DO NOTHING`,
      },
    ]);
    row = await read();
  }
  if (!row) throw new Error('The token-signing key vanished while it was made.');
  return createSecretKey(sealer.open(name, row.sealed));
}

/** Loads the key at the first call and keeps it; a failed load is tried again at the next call. */
export function createSigningKey(core: Omit<IdentityCore, 'forget'>): () => Promise<KeyObject> {
  let loaded: Promise<KeyObject> | undefined;
  return () => {
    loaded ??= loadOrMake(core).catch((error: unknown) => {
      loaded = undefined;
      throw error;
    });
    return loaded;
  };
}

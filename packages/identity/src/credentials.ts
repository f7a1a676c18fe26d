// Finding whom an access key belongs to, for the verification of signatures.
import type { CredentialSource, StoredCredential } from '@longshore/aws';
import type { AccountId, Clock } from '@longshore/base';
import { sql, type View } from '@longshore/store';
import { openSecret } from './access-keys.ts';
import { createLoadingCache, type LoadingCache } from './cache.ts';
import { rootPrincipal, userPrincipal } from './principals.ts';
import { loadSession } from './roles/sessions.ts';
import type { Sealer } from './seal.ts';

/** How long another replica's change may go unnoticed. */
const maxAgeMs = 2_000;
const maxEntries = 10_000;
const longestKeyId = 128;

interface CredentialRow {
  readonly account: AccountId;
  readonly owner: string;
  readonly sealed: Uint8Array;
  readonly active: number;
  readonly name: string | null;
  readonly path: string | null;
}

async function load(
  view: View,
  sealer: Sealer,
  accessKeyId: string,
  now: number,
): Promise<StoredCredential | undefined> {
  if (accessKeyId.startsWith('ASIA')) return loadSession(view, sealer, accessKeyId, now);
  const row = await view.get<CredentialRow>(
    sql`SELECT k.account, k.owner, k.sealed, k.active, u.name, u.path
        FROM iam_access_keys k LEFT JOIN iam_users u ON u.id = k.owner WHERE k.id = ${accessKeyId}`,
  );
  if (!row) return undefined;
  const { account, owner, name, path } = row;
  const user = name === null || path === null ? undefined : userPrincipal({ id: owner, account, name, path });
  const principal = user ?? (owner === account ? rootPrincipal(account) : undefined);
  if (!principal) return undefined;
  return { secretAccessKey: openSecret(sealer, accessKeyId, row.sealed), active: row.active === 1, principal };
}

export type CredentialCache = LoadingCache<StoredCredential | undefined>;

export function createCredentialCache(view: View, sealer: Sealer, clock: Clock): CredentialCache {
  return createLoadingCache({ clock, maxAgeMs, maxEntries, load: (id) => load(view, sealer, id, clock.now()) });
}

export function createCredentialSource(cache: CredentialCache): CredentialSource {
  return {
    async find(accessKeyId) {
      return accessKeyId.length > longestKeyId ? undefined : cache.get(accessKeyId);
    },
  };
}

// Access keys: at most two for each owner, their secrets sealed, each bound to its key id.
import { type Step, sql, type Update, type View } from '@longshore/store';
import type { IdentityCore } from './core.ts';
import { identityErrors } from './errors.ts';
import { newAccessKey } from './ids.ts';
import { type Owner, raiseVersion } from './owners.ts';
import type { Sealer } from './seal.ts';
import type { AccessKey } from './types.ts';

export const keysPerOwner = 2;

export interface AccessKeyRow {
  readonly id: string;
  readonly active: number;
  readonly created_at: number;
}

interface SealedKeyRow extends AccessKeyRow {
  readonly sealed: Uint8Array;
}

function purpose(accessKeyId: string): string {
  return `access-key:${accessKeyId}`;
}

export function openSecret(sealer: Sealer, accessKeyId: string, sealed: Uint8Array): string {
  return Buffer.from(sealer.open(purpose(accessKeyId), sealed)).toString('utf8');
}

export function insertKey(
  core: IdentityCore,
  owner: Pick<Owner, 'id' | 'account'>,
  key: AccessKey,
  createdAt = core.clock.now(),
): Step {
  const sealed = core.sealer.seal(purpose(key.accessKeyId), Buffer.from(key.secretAccessKey, 'utf8'));
  return {
    sql: sql`INSERT INTO iam_access_keys (id, account, owner, sealed, active, created_at)
      VALUES (${key.accessKeyId}, ${owner.account}, ${owner.id}, ${sealed}, 1, ${createdAt})`,
    expect: 1,
  };
}

/** Oldest first. */
export function keysOf(view: View, ownerId: string): Promise<SealedKeyRow[]> {
  return view.all<SealedKeyRow>(
    sql`SELECT id, active, created_at, sealed FROM iam_access_keys WHERE owner = ${ownerId} ORDER BY created_at, id`,
  );
}

/**
 * The oldest active key of an owner, or a new one if none is active. An owner who has used up both keys and switched
 * them off gets the older one as it is: what a person switched off is not removed to make room.
 */
export async function ensureKey(core: IdentityCore, view: View, owner: Owner): Promise<Update<AccessKey>> {
  const keys = await keysOf(view, owner.id);
  const kept = keys.find((key) => key.active === 1) ?? (keys.length >= keysPerOwner ? keys[0] : undefined);
  if (kept) {
    const secretAccessKey = openSecret(core.sealer, kept.id, kept.sealed);
    return { steps: [], result: { accessKeyId: kept.id, secretAccessKey } };
  }
  const made = newAccessKey();
  return { steps: [raiseVersion(owner), insertKey(core, owner, made)], result: made };
}

/** Makes a key for the owner that `find` reads. Throws LimitExceeded, and what `find` throws. */
export async function createKey(
  core: IdentityCore,
  find: (view: View) => Promise<Owner>,
): Promise<{ readonly key: AccessKey; readonly createdAt: number }> {
  const made = await core.store.update(async (view) => {
    const owner = await find(view);
    const keys = await keysOf(view, owner.id);
    if (keys.length >= keysPerOwner) throw identityErrors.tooManyKeys(keysPerOwner);
    const key = newAccessKey();
    const createdAt = core.clock.now();
    const steps = [raiseVersion(owner), insertKey(core, owner, key, createdAt)];
    return { steps, result: { key, createdAt, ownerId: owner.id } };
  });
  core.forget.owner(made.ownerId);
  return made;
}

/** Changes or removes one key of the owner that `find` reads. Throws NoSuchEntity if the owner has no such key. */
async function changeKey(
  core: IdentityCore,
  find: (view: View) => Promise<Owner>,
  accessKeyId: string,
  step: (ownerId: string) => Step['sql'],
): Promise<void> {
  const ownerId = await core.store.update(async (view) => {
    const owner = await find(view);
    const otherwise = () => identityErrors.noSuchAccessKey(accessKeyId);
    return { steps: [raiseVersion(owner), { sql: step(owner.id), expect: 1, otherwise }], result: owner.id };
  });
  core.forget.accessKey(accessKeyId);
  core.forget.owner(ownerId);
}

export function setKeyActive(
  core: IdentityCore,
  find: (view: View) => Promise<Owner>,
  accessKeyId: string,
  active: boolean,
): Promise<void> {
  return changeKey(
    core,
    find,
    accessKeyId,
    (owner) =>
      sql`UPDATE iam_access_keys SET active = ${active ? 1 : 0} WHERE id = ${accessKeyId} AND owner = ${owner}`,
  );
}

export function deleteKey(
  core: IdentityCore,
  find: (view: View) => Promise<Owner>,
  accessKeyId: string,
): Promise<void> {
  return changeKey(
    core,
    find,
    accessKeyId,
    (owner) => sql`DELETE FROM iam_access_keys WHERE id = ${accessKeyId} AND owner = ${owner}`,
  );
}

// Rotation: fresh material seals from now on, the old stays to open what it sealed.
import { type Sql, type Step, sql } from '@longshore/store';
import type { KeysCore } from './core.ts';
import { kmsErrors } from './errors.ts';
import { addMaterial, changeKey, type Key, type MaterialKind } from './keys.ts';

export const dayMs = 86_400_000;
/** On-demand rotations of one key (KMS: 25 for its life; materials are never dropped, so they are bounded). */
const mostOnDemand = 25;

function rotationPlan(
  core: KeysCore,
  key: Key,
  kind: MaterialKind,
): { readonly set: Sql; readonly steps: readonly Step[] } {
  const now = core.clock.now();
  const material = key.material + 1;
  const next =
    kind === 'AUTOMATIC' && key.rotationDays !== undefined ? now + key.rotationDays * dayMs : key.nextRotation;
  return {
    set: sql`material = ${material}, next_rotation = ${next ?? null}`,
    steps: [addMaterial(core, key.id, material, kind, now)],
  };
}

/** Throws LimitExceededException, DisabledException or KMSInvalidStateException. */
export async function rotateOnDemand(core: KeysCore, key: Key): Promise<void> {
  const used = await core.store.get<{ n: number }>(
    sql`SELECT COUNT(*) AS n FROM kms_materials WHERE key_id = ${key.id} AND kind = 'ON_DEMAND'`,
  );
  if ((used?.n ?? 0) >= mostOnDemand) throw kmsErrors.limit(`A key may be rotated on demand ${mostOnDemand} times.`);
  await changeKey(core, key.id, (held) => rotationPlan(core, held, 'ON_DEMAND'));
}

/** Rotates keys whose time has come, and removes those whose deletion has. */
export async function keepKeys(core: KeysCore, signal: AbortSignal): Promise<void> {
  const now = core.clock.now();
  const due = await core.store.all<{ id: string }>(
    sql`SELECT id FROM kms_keys WHERE next_rotation <= ${now} AND enabled = 1 ORDER BY next_rotation LIMIT 100`,
  );
  for (const { id } of due) {
    if (signal.aborted) return;
    await changeKey(core, id, (key) =>
      key.nextRotation !== undefined && key.nextRotation <= now && key.enabled
        ? rotationPlan(core, key, 'AUTOMATIC')
        : { set: sql`enabled = enabled` },
    );
  }
  const gone = await core.store.all<{ id: string }>(
    sql`SELECT id FROM kms_keys WHERE deletion_at <= ${now} ORDER BY deletion_at LIMIT 100`,
  );
  for (const { id } of gone) {
    if (signal.aborted) return;
    await removeKey(core, id, now);
  }
}

/** All or nothing: a deletion that was cancelled meanwhile fails the last step, and nothing is removed. */
async function removeKey(core: KeysCore, id: string, now: number): Promise<void> {
  const cancelled = new Error('the deletion was cancelled');
  try {
    await core.store.write([
      {
        sql: sql`UPDATE kms_keys SET version = version + 1 WHERE id = ${id} AND deletion_at <= ${now}`,
        expect: 1,
        otherwise: () => cancelled,
      },
      { sql: sql`DELETE FROM kms_aliases WHERE key_id = ${id}` },
      { sql: sql`DELETE FROM kms_materials WHERE key_id = ${id}` },
      { sql: sql`DELETE FROM kms_keys WHERE id = ${id}`, expect: 1 },
    ]);
    core.log.info({ key: id }, 'a key was deleted for good');
  } catch (error) {
    if (error !== cancelled) throw error;
  }
}

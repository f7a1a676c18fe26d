// Layers (blobs) of repositories. A blob is stored once; a repository may read it only through its own link. A link, or
// a lease that has not run out, keeps collection away; whoever is told "it is there" is given a lease in the same write.
import type { AccountId, Digest } from '@longshore/base';
import { ConflictError, emitEvent, type Sql, type Step, sql, type View } from '@longshore/store';
import { suspectBlobsStep } from './collection/suspects.ts';
import { type Core, newLease } from './core.ts';
import { repositoryArn, type RepositoryRef, repositoryThing } from './names.ts';
import type { FinishedLayer, Seal } from './encryption/sealing.ts';
import { RegistryError } from './errors.ts';
import { limits } from './limits.ts';
import { type Repository, type RepositoryRow, repositoryColumns, toRepository } from './repository.ts';

export interface Layer {
  /** As clients know it. */
  readonly size: number;
  /** The blob that holds the bytes: the layer's digest, or in encrypted repositories that of the sealed bytes. */
  readonly stored: Digest;
  /** Milliseconds since the epoch. */
  readonly leaseUntil: number;
}

interface LayerRow extends RepositoryRow {
  readonly blob_size: number | null;
  readonly blob_lease: number | null;
  readonly stored: Digest | null;
}

export interface FoundLayer {
  readonly repository: Repository | undefined;
  /** Set if the repository links the blob. */
  readonly layer: Layer | undefined;
}

/** The repository and its link to `digest`, in one indexed query: the whole look-up of a blob's GET. */
export function findLayer(core: Core, ref: RepositoryRef, digest: Digest): Promise<FoundLayer> {
  return findWhere(core, digest, sql`r.account = ${ref.account} AND r.name = ${ref.name}`);
}

/** The same for a repository by its id. */
export function findLayerOf(core: Core, repositoryId: string, digest: Digest): Promise<FoundLayer> {
  return findWhere(core, digest, sql`r.id = ${repositoryId}`);
}

async function findWhere(core: Core, digest: Digest, where: Sql): Promise<FoundLayer> {
  const row = await core.store.get<LayerRow>(
    sql`SELECT ${repositoryColumns}, b.size AS blob_size, b.lease_until AS blob_lease, b.stored
      FROM registry_repositories r
      LEFT JOIN registry_repository_blobs b ON b.repository = r.id AND b.digest = ${digest}
      WHERE ${where}`,
  );
  if (!row) return { repository: undefined, layer: undefined };
  const layer =
    row.blob_size === null || row.stored === null
      ? undefined
      : { size: row.blob_size, stored: row.stored, leaseUntil: row.blob_lease ?? 0 };
  return { repository: toRepository(row), layer };
}

/**
 * Up to eight repositories among the account's first thousand that link `digest`. It goes from the account's own
 * repositories to their links, never from the digest: how long it takes tells nothing about other accounts.
 */
export async function repositoriesLinking(view: View, account: AccountId, digest: Digest): Promise<Repository[]> {
  const rows = await view.all<RepositoryRow>(
    sql`SELECT * FROM (
        SELECT ${repositoryColumns}, (SELECT b.size FROM registry_repository_blobs b
            WHERE b.repository = r.id AND b.digest = ${digest}) AS held_size
        FROM (SELECT * FROM registry_repositories WHERE account = ${account}
          ORDER BY name LIMIT ${limits.mountRepositories}) AS r
      ) AS held WHERE held_size IS NOT NULL ORDER BY name LIMIT ${limits.mountSources}`,
  );
  return rows.map(toRepository);
}

/** Thrown out of a write when collection is removing the bytes, or has: they must be stored again. */
export class BlobBeingRemovedError extends Error {
  override readonly name = 'BlobBeingRemovedError';
}

/**
 * How often a blob of this digest was removed so far. To be asked before the bytes are stored: `recordLayerSteps` fails if
 * they were removed between being stored and being recorded.
 */
export async function removalsOf(core: Core, digest: Digest): Promise<number> {
  const row = await core.store.get<{ removals: number }>(
    sql`SELECT removals FROM registry_removed_blobs WHERE digest = ${digest}`,
  );
  return row?.removals ?? 0;
}

/** Writes or renews the link of `repository`; a repository deleted meanwhile fails the write. */
function linkSteps(
  repository: Repository,
  digest: Digest,
  { size, stored }: Pick<Layer, 'size' | 'stored'>,
  leaseUntil: number,
): Step[] {
  return [
    // A link to other bytes of the same layer (sealed ones) loses them.
    suspectBlobsStep(sql`SELECT l.stored FROM registry_repository_blobs l
      WHERE l.repository = ${repository.id} AND l.digest = ${digest} AND l.stored <> ${stored}`),
    {
      sql: sql`INSERT INTO registry_repository_blobs (repository, digest, size, lease_until, check_at, stored)
        VALUES (${repository.id}, ${digest}, ${size}, ${leaseUntil}, ${leaseUntil}, ${stored})
        ON CONFLICT (repository, digest) DO UPDATE SET lease_until = excluded.lease_until, stored = excluded.stored`,
      expect: 1,
      within: repositoryThing(repository),
      otherwise: () => new RegistryError('repositoryUnknown'),
    },
  ];
}

/** A row for bytes that were stored after `removals` was read, unless they were removed since. */
function newBlob(
  core: Core,
  digest: Digest,
  size: number,
  removals: number,
  lease: number,
  checkAt: number | null,
): Sql {
  return sql`INSERT INTO registry_blobs (digest, size, status, version, lease_until, created_at, check_at)
    SELECT ${digest}, CAST(${size} AS BIGINT), 'none', 1, CAST(${lease} AS BIGINT), CAST(${core.clock.now()} AS BIGINT),
      CAST(${checkAt} AS BIGINT)
    WHERE COALESCE((SELECT removals FROM registry_removed_blobs WHERE digest = ${digest}), 0) = ${removals}`;
}

/**
 * Records bytes that were stored for a repository which is gone by now: collection removes them, as nothing links them.
 * Changes nothing about a blob that has a record. Throws BlobBeingRemovedError.
 */
export function recordOrphanStep(core: Core, digest: Digest, size: number, removals: number): Step {
  const now = core.clock.now();
  return {
    sql: sql`${newBlob(core, digest, size, removals, now, now)}
      ON CONFLICT (digest) DO UPDATE SET version = registry_blobs.version WHERE registry_blobs.status <> 'deleting'`,
    expect: 1,
    otherwise: () => new BlobBeingRemovedError(),
  };
}

/**
 * Records a blob whose bytes were stored after `removals` was read (`removalsOf`), rescues it from collection, and links
 * it. The first step returns the blob's `version`, which is 1 if it was not stored before.
 */
export function recordLayerSteps(
  core: Core,
  repository: Repository,
  digest: Digest,
  { size, stored, storedSize, seal }: FinishedLayer,
  removals: number,
): Step[] {
  const lease = newLease(core);
  return [
    {
      sql: sql`${newBlob(core, stored, storedSize, removals, lease, null)}
        ON CONFLICT (digest) DO UPDATE SET status = 'none', version = registry_blobs.version + 1,
          lease_until = excluded.lease_until, check_at = NULL
        WHERE registry_blobs.status <> 'deleting'
        RETURNING version`,
      expect: 1,
      otherwise: () => new BlobBeingRemovedError(),
    },
    ...(seal ? [sealStep(core, digest, { size, stored, seal })] : []),
    ...linkSteps(repository, digest, { size, stored }, lease),
    layerEvent(core, repository, digest, size),
  ];
}

/** How the sealed blob is opened. Finishing again finds it there. */
function sealStep(
  core: Core,
  digest: Digest,
  { size, stored, seal }: Pick<FinishedLayer, 'size' | 'stored'> & { readonly seal: Seal },
): Step {
  return {
    sql: sql`INSERT INTO registry_sealed_blobs (stored, digest, size, kms_key, context, wrapped, wrapped_at)
      VALUES (${stored}, ${digest}, ${size}, ${seal.key}, ${JSON.stringify(seal.context)}, ${seal.wrapped},
        ${core.clock.now()})
      ON CONFLICT (stored) DO NOTHING`,
  };
}

/** Layers have no event in ECR; inspection needs one. */
function layerEvent(core: Core, repository: Repository, digest: Digest, size: number): Step {
  return emitEvent({
    source: 'longshore',
    detailType: 'Registry Layer Linked',
    account: repository.account,
    region: core.region,
    time: core.clock.now(),
    resources: [repositoryArn(core, repository)],
    detail: { 'repository-name': repository.name, 'layer-digest': digest, 'layer-size': size },
  });
}

/** Takes a blob out of collection's hands. A lost race is a ConflictError. */
function rescueStep(stored: Digest, lease: number): Step {
  return {
    sql: sql`UPDATE registry_blobs SET status = 'none', version = version + 1, lease_until = ${lease}, check_at = NULL
      WHERE digest = ${stored} AND status <> 'deleting'`,
    expect: 1,
  };
}

/** Links a blob that has a record and is not being removed: else a ConflictError. */
function linkBlobSteps(core: Core, target: Repository, digest: Digest, layer: Layer, lease: number): Step[] {
  return [
    rescueStep(layer.stored, lease),
    ...linkSteps(target, digest, layer, lease),
    layerEvent(core, target, digest, layer.size),
  ];
}

/**
 * Links a blob of `source` into `target`. False if `source` does not have it (any more), or it is being removed: then it
 * must be uploaded. The leases are taken in the transaction that links.
 */
export async function mountLayer(
  core: Core,
  source: Repository,
  target: Repository,
  digest: Digest,
  layer: Layer,
): Promise<boolean> {
  // Bytes sealed with another key, or not at all, must come anew, to be sealed with the target's.
  if (source.settings.kmsKey !== target.settings.kmsKey) return false;
  const lease = newLease(core);
  try {
    await core.store.write([
      {
        sql: sql`UPDATE registry_repository_blobs SET lease_until = ${lease}
          WHERE repository = ${source.id} AND digest = ${digest} AND stored = ${layer.stored}`,
        expect: 1,
        within: repositoryThing(source),
      },
      ...linkBlobSteps(core, target, digest, layer, lease),
    ]);
  } catch (error) {
    if (error instanceof ConflictError) return false;
    throw error;
  }
  core.counters.blobsMounted.add();
  return true;
}

/**
 * Sees to it that the blob of a layer of `source` stays for a grace at least, whatever becomes of its links. Writes only when
 * half of its lease is used up. False if `source` does not have it (any more), or it is being removed.
 */
export async function holdLayer(core: Core, source: Repository, digest: Digest, layer: Layer): Promise<boolean> {
  const { stored } = layer;
  const held = await core.store.get<{ lease_until: number }>(
    sql`SELECT lease_until FROM registry_blobs WHERE digest = ${stored} AND status = 'none'`,
  );
  if (held && held.lease_until > core.clock.now() + core.graceMs) return true;
  const [result] = await core.store.write([
    {
      sql: sql`UPDATE registry_blobs SET status = 'none', version = version + 1, lease_until = ${newLease(core)}
        WHERE digest = ${stored} AND status <> 'deleting' AND EXISTS (SELECT 1 FROM registry_repository_blobs l
          WHERE l.repository = ${source.id} AND l.digest = ${digest} AND l.stored = ${stored})`,
    },
  ]);
  return result?.changes === 1;
}

/**
 * Links a blob that was held since before its bytes were verified (`holdLayer`, `Holds`), with `ending` in the same transaction.
 * Throws layerBeingRemoved if this process stood still for so long that the hold ran out, or repositoryUnknown.
 */
export async function linkHeldLayer(
  core: Core,
  target: Repository,
  digest: Digest,
  layer: Layer,
  ending: readonly Step[],
): Promise<void> {
  try {
    await core.store.write([...linkBlobSteps(core, target, digest, layer, newLease(core)), ...ending]);
  } catch (error) {
    throw error instanceof ConflictError ? new RegistryError('layerBeingRemoved') : error;
  }
  core.counters.blobsMounted.add();
}

/**
 * Before a client is told that a layer is there, so that it need not send it: sees to it that the link stays for a
 * while. Writes only when half of the lease is used up. False if the link has gone meanwhile.
 */
export async function keepLayer(core: Core, repository: Repository, digest: Digest, layer: Layer): Promise<boolean> {
  if (layer.leaseUntil > core.clock.now() + core.graceMs) return true;
  const lease = newLease(core);
  const [result] = await core.store.write([
    {
      sql: sql`UPDATE registry_repository_blobs SET lease_until = ${lease}
        WHERE repository = ${repository.id} AND digest = ${digest}`,
      within: repositoryThing(repository),
    },
  ]);
  return result?.changes === 1;
}

/** Removes the link; the bytes are for collection. Throws blobUnknown. */
export async function unlinkLayer(core: Core, repository: Repository, digest: Digest): Promise<void> {
  await core.store.write([
    suspectBlobsStep(sql`SELECT l.stored FROM registry_repository_blobs l
      WHERE l.repository = ${repository.id} AND l.digest = ${digest}`),
    {
      sql: sql`DELETE FROM registry_repository_blobs WHERE repository = ${repository.id} AND digest = ${digest}`,
      expect: 1,
      within: repositoryThing(repository),
      otherwise: () => new RegistryError('blobUnknown'),
    },
  ]);
}

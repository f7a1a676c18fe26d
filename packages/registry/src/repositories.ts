// Repositories: found by account and name, made, listed, deleted.
import { type AccountId, type Digest, newHexId } from '@longshore/base';
import { type Sql, type Step, sql, type View } from '@longshore/store';
import { suspectBlobsStep } from './collection/suspects.ts';
import { countRepositoryStep, findRegistryAccount, uncountRepositoryStep } from './accounts.ts';
import type { Core } from './core.ts';
import { RegistryError } from './errors.ts';
import { imageEvent } from './image-event.ts';
import { insertLifecycleStep } from './lifecycle/policies.ts';
import { type RepositoryName, type RepositoryRef, repositoryThing } from './names.ts';
import { type CreationScenario, templateFor } from './templates.ts';

export type TagMutability = 'MUTABLE' | 'IMMUTABLE' | 'IMMUTABLE_WITH_EXCLUSION' | 'MUTABLE_WITH_EXCLUSION';

export interface RepositorySettings {
  /** Wildcard patterns of tags for which the opposite of the mutability holds. */
  readonly exclusions?: readonly string[];
  readonly scanOnPush?: boolean;
  /** As asked for at creation; bytes are kept as they are (README). */
  readonly encryption?: 'AES256';
  /** The ARN of the KMS key that wraps the data keys of its layers. Never changes. */
  readonly kmsKey?: string;
}

export interface ResourceTag {
  readonly Key: string;
  readonly Value: string;
}

export interface Repository extends RepositoryRef {
  readonly id: string;
  readonly tagMutability: TagMutability;
  readonly settings: RepositorySettings;
  /** The policy as it was given, validated; `Core.readPolicy` reads it. */
  readonly policyText: string | undefined;
  /** That of the registry (the account) it is in. */
  readonly registryPolicyText: string | undefined;
  readonly tags: readonly ResourceTag[];
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly version: number;
}

export interface RepositoryRow {
  readonly id: string;
  readonly account: string;
  readonly name: string;
  readonly tag_mutability: string;
  readonly settings: string;
  readonly policy: string | null;
  readonly registry_policy: string | null;
  readonly tags: string;
  readonly created_at: number;
  readonly version: number;
}

/** The columns of `RepositoryRow`, for queries in which the table is `r`. */
export const repositoryColumns: Sql = sql`r.id, r.account, r.name, r.tag_mutability, r.settings, r.policy, r.tags,
  r.created_at, r.version,
  (SELECT g.policy FROM registry_accounts g WHERE g.account = r.account) AS registry_policy`;

/** What `repositoryColumns` reads from. */
export const repositoryTables: readonly string[] = Object.freeze(['registry_repositories', 'registry_accounts']);

export function toRepository(row: RepositoryRow): Repository {
  return {
    id: row.id,
    account: row.account as AccountId,
    name: row.name as RepositoryName,
    tagMutability: row.tag_mutability as TagMutability,
    settings: JSON.parse(row.settings) as RepositorySettings,
    policyText: row.policy ?? undefined,
    registryPolicyText: row.registry_policy ?? undefined,
    tags: JSON.parse(row.tags) as ResourceTag[],
    createdAt: row.created_at,
    version: row.version,
  };
}

export async function findRepository(view: View, ref: RepositoryRef): Promise<Repository | undefined> {
  const row = await view.get<RepositoryRow>(
    sql`SELECT ${repositoryColumns} FROM registry_repositories r WHERE r.account = ${ref.account} AND r.name = ${ref.name}`,
  );
  return row && toRepository(row);
}

export interface NewRepository {
  readonly tagMutability: TagMutability;
  readonly settings: RepositorySettings;
  readonly tags: readonly ResourceTag[];
  /** Both validated. */
  readonly policyText?: string | undefined;
  readonly lifecyclePolicy?: string | undefined;
}

/** Makes a repository. Throws `RegistryError` repositoryExists or quotaExceeded. */
export async function createRepository(core: Core, ref: RepositoryRef, wanted: NewRepository): Promise<Repository> {
  const id = newHexId();
  const createdAt = core.clock.now();
  await core.store.write([
    {
      sql: sql`INSERT INTO registry_repositories
        (id, account, name, tag_mutability, settings, policy, tags, created_at, version)
        VALUES (${id}, ${ref.account}, ${ref.name}, ${wanted.tagMutability}, ${JSON.stringify(wanted.settings)},
          ${wanted.policyText ?? null}, ${JSON.stringify(wanted.tags)}, ${createdAt}, ${1})`,
      within: repositoryThing(ref),
      otherwise: () =>
        new RegistryError('repositoryExists', `The repository '${ref.name}' exists already in account ${ref.account}.`),
    },
    { sql: sql`INSERT INTO registry_image_counts (repository, images) VALUES (${id}, ${0})` },
    countRepositoryStep(core, ref.account),
    ...(wanted.lifecyclePolicy === undefined ? [] : [insertLifecycleStep(core, id, wanted.lifecyclePolicy)]),
  ]);
  const { tagMutability, settings, tags, policyText } = wanted;
  const { policyText: registryPolicyText } = await findRegistryAccount(core.store, ref.account);
  return { ...ref, tagMutability, settings, tags, id, policyText, registryPolicyText, createdAt, version: 1 };
}

/** The repository, made as the account's creation template for `scenario` says if it is missing. */
export async function ensureRepository(
  core: Core,
  ref: RepositoryRef,
  scenario: CreationScenario,
): Promise<Repository> {
  const held = await findRepository(core.store, ref);
  if (held) return held;
  try {
    return await createRepository(core, ref, await templateFor(core.store, ref, scenario));
  } catch (error) {
    const made = await findRepository(core.store, ref);
    if (made) return made;
    throw error;
  }
}

export type RepositoryChange = Partial<
  Pick<Repository, 'tagMutability' | 'settings' | 'tags'> & { readonly policyText: string | null }
>;

/** Changes what `change` returns, planning again if another writer was first. Throws repositoryUnknown. */
export async function changeRepository(
  core: Core,
  ref: RepositoryRef,
  change: (repository: Repository) => RepositoryChange,
): Promise<Repository> {
  return core.store.update(async (view) => {
    const held = requireRepository(await findRepository(view, ref), ref);
    const { policyText = held.policyText ?? null, ...rest } = change(held);
    const next = { ...held, ...rest, version: held.version + 1 };
    const within = repositoryThing(ref);
    const step: Step = {
      sql: sql`UPDATE registry_repositories SET tag_mutability = ${next.tagMutability},
        settings = ${JSON.stringify(next.settings)}, tags = ${JSON.stringify(next.tags)}, policy = ${policyText},
        version = ${next.version} WHERE id = ${held.id} AND version = ${held.version}`,
      expect: 1,
      within,
    };
    return { steps: [step], result: next };
  });
}

/** Deletes a repository, with its images if `force`. Throws repositoryUnknown or repositoryNotEmpty. */
export async function deleteRepository(core: Core, ref: RepositoryRef, force: boolean): Promise<Repository> {
  const { repository, uploads } = await core.store.update(async (view) => {
    const held = requireRepository(await findRepository(view, ref), ref);
    const digests = await view.all<{ digest: Digest }>(
      force
        ? sql`SELECT digest FROM registry_manifests WHERE repository = ${held.id}`
        : sql`SELECT digest FROM registry_manifests WHERE repository = ${held.id} LIMIT 1`,
    );
    if (!force && digests.length > 0) {
      throw new RegistryError('repositoryNotEmpty', `The repository '${ref.name}' still holds images. Use force.`);
    }
    const open = await view.all<{ id: string }>(sql`SELECT id FROM registry_uploads WHERE repository = ${held.id}`);
    // The refusal of a foreign key (something was pushed meanwhile) is a conflict: planned again.
    const within = repositoryThing(ref);
    const steps: Step[] = [
      // First, as pushes do: they and this take the locks of PostgreSQL in one order.
      { sql: sql`DELETE FROM registry_image_counts WHERE repository = ${held.id}` },
      ...(force
        ? [
            { sql: sql`DELETE FROM registry_tags WHERE repository = ${held.id}`, within },
            { sql: sql`DELETE FROM registry_manifest_refs WHERE repository = ${held.id}` },
            { sql: sql`DELETE FROM registry_manifests WHERE repository = ${held.id}`, expect: digests.length, within },
          ]
        : []),
      suspectBlobsStep(sql`SELECT l.stored FROM registry_repository_blobs l WHERE l.repository = ${held.id}`),
      { sql: sql`DELETE FROM registry_repository_blobs WHERE repository = ${held.id}`, within },
      { sql: sql`DELETE FROM registry_uploads WHERE repository = ${held.id}` },
      {
        sql: sql`DELETE FROM registry_repositories WHERE id = ${held.id} AND version = ${held.version}`,
        expect: 1,
        within,
      },
      uncountRepositoryStep(held.account),
      ...digests.map(({ digest }) => imageEvent(core, held, 'DELETE', digest)),
    ];
    return { steps, result: { repository: held, uploads: open } };
  });
  for (const { id } of uploads) await core.blobs.cancel(id);
  return repository;
}

/** Up to `count` repositories of an account after `after`, by name in byte order. */
export async function listRepositories(
  view: View,
  account: AccountId,
  after: string,
  count: number,
): Promise<Repository[]> {
  const rows = await view.all<RepositoryRow>(
    sql`SELECT ${repositoryColumns} FROM registry_repositories r
      WHERE r.account = ${account} AND r.name > ${after} ORDER BY r.name LIMIT ${count}`,
  );
  return rows.map(toRepository);
}

/** As `listRepositories`, the names alone: read from an index. */
export async function listRepositoryNames(
  view: View,
  account: AccountId,
  after: string,
  count: number,
): Promise<string[]> {
  const rows = await view.all<{ name: string }>(
    sql`SELECT name FROM registry_repositories WHERE account = ${account} AND name > ${after}
      ORDER BY name LIMIT ${count}`,
  );
  return rows.map((row) => row.name);
}

/** Narrows; throws repositoryUnknown. */
export function requireRepository(repository: Repository | undefined, ref: RepositoryRef): Repository {
  if (repository) return repository;
  throw new RegistryError(
    'repositoryUnknown',
    `The repository with name '${ref.name}' does not exist in the registry with id '${ref.account}'`,
  );
}

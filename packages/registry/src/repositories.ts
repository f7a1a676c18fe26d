// Repositories: found by account and name, made, listed, deleted.
import { type AccountId, type Digest, newHexId } from '@longshore/base';
import { type Step, sql, type View } from '@longshore/store';
import { suspectBlobsStep } from './collection/suspects.ts';
import { countRepositoryStep, findRegistryAccount, uncountRepositoryStep } from './accounts.ts';
import type { Core } from './core.ts';
import { RegistryError } from './errors.ts';
import { imageEvent } from './image-event.ts';
import { insertLifecycleStep } from './lifecycle/policies.ts';
import { type RepositoryRef, repositoryThing } from './names.ts';
import {
  type NewRepository,
  type Repository,
  type RepositoryRow,
  repositoryColumns,
  requireRepository,
  toRepository,
} from './repository.ts';
import { type CreationScenario, templateFor } from './templates.ts';

export async function findRepository(view: View, ref: RepositoryRef): Promise<Repository | undefined> {
  const row = await view.get<RepositoryRow>(
    sql`SELECT ${repositoryColumns} FROM registry_repositories r WHERE r.account = ${ref.account} AND r.name = ${ref.name}`,
  );
  return row && toRepository(row);
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

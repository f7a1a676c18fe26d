// Lifecycle policies of repositories: kept beside the repository, with when they were applied last and are due next.
import { type Step, sql, type View } from '@longshore/store';
import type { Core } from '../core.ts';
import { RegistryError } from '../errors.ts';
import type { Repository } from '../repository.ts';

export interface LifecyclePolicy {
  /** As it was given, validated. */
  readonly text: string;
  /** Milliseconds since the epoch; undefined before the first time. */
  readonly evaluatedAt: number | undefined;
}

/** A new policy is due at once. */
export function insertLifecycleStep(core: Pick<Core, 'clock'>, repository: string, text: string): Step {
  return {
    sql: sql`INSERT INTO registry_lifecycle_policies (repository, policy, evaluated_at, next_at, version)
      VALUES (${repository}, ${text}, ${null}, ${core.clock.now()}, ${1})`,
  };
}

/** Throws repositoryUnknown if the repository was deleted meanwhile. */
export async function putLifecyclePolicy(core: Core, repository: Repository, text: string): Promise<void> {
  await core.store.write([
    {
      sql: sql`INSERT INTO registry_lifecycle_policies (repository, policy, evaluated_at, next_at, version)
        VALUES (${repository.id}, ${text}, ${null}, ${core.clock.now()}, ${1})
        ON CONFLICT (repository) DO UPDATE SET policy = excluded.policy, next_at = excluded.next_at,
          version = registry_lifecycle_policies.version + 1`,
      expect: 1,
      otherwise: () => new RegistryError('repositoryUnknown'),
    },
  ]);
}

function unknown(repository: Repository): RegistryError {
  return new RegistryError(
    'lifecyclePolicyUnknown',
    `Lifecycle policy does not exist for the repository with name '${repository.name}' in the registry with id '${repository.account}'`,
  );
}

/** Throws lifecyclePolicyUnknown. */
export async function requireLifecyclePolicy(view: View, repository: Repository): Promise<LifecyclePolicy> {
  const row = await view.get<{ policy: string; evaluated_at: number | null }>(
    sql`SELECT policy, evaluated_at FROM registry_lifecycle_policies WHERE repository = ${repository.id}`,
  );
  if (!row) throw unknown(repository);
  return { text: row.policy, evaluatedAt: row.evaluated_at ?? undefined };
}

/** Throws lifecyclePolicyUnknown. */
export async function deleteLifecyclePolicy(core: Core, repository: Repository): Promise<LifecyclePolicy> {
  const held = await requireLifecyclePolicy(core.store, repository);
  await core.store.write([
    {
      sql: sql`DELETE FROM registry_lifecycle_policies WHERE repository = ${repository.id}`,
      expect: 1,
      otherwise: () => unknown(repository),
    },
  ]);
  return held;
}

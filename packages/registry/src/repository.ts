// What a repository is: its fields, how a row of the table is read, and the error when there is none.
import type { AccountId } from '@longshore/base';
import { type Sql, sql } from '@longshore/store';
import { RegistryError } from './errors.ts';
import type { RepositoryName, RepositoryRef } from './names.ts';

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

export interface NewRepository {
  readonly tagMutability: TagMutability;
  readonly settings: RepositorySettings;
  readonly tags: readonly ResourceTag[];
  /** Both validated. */
  readonly policyText?: string | undefined;
  readonly lifecyclePolicy?: string | undefined;
}

/** Narrows; throws repositoryUnknown. */
export function requireRepository(repository: Repository | undefined, ref: RepositoryRef): Repository {
  if (repository) return repository;
  throw new RegistryError(
    'repositoryUnknown',
    `The repository with name '${ref.name}' does not exist in the registry with id '${ref.account}'`,
  );
}

// A registry in ECR's sense: what one account has set for all of its repositories.
import type { AccountId } from '@longshore/base';
import { type Step, sql, type View } from '@longshore/store';
import type { Core } from './core.ts';
import { RegistryError } from './errors.ts';
import { accountThing } from './names.ts';

export interface ScanningRule {
  readonly scanFrequency: 'SCAN_ON_PUSH' | 'CONTINUOUS_SCAN' | 'MANUAL';
  readonly filters: readonly string[];
}

export interface ReplicationRule {
  readonly destinations: readonly { readonly region: string; readonly registryId: string }[];
  readonly prefixes?: readonly string[];
}

export interface PullTimeExclusion {
  readonly principalArn: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

export interface RegistrySettings {
  /** By the names of PutAccountSetting; a setting that is left out has its default (`account-settings.ts`). */
  readonly account?: Readonly<Record<string, string>>;
  readonly scanning?: { readonly scanType: 'BASIC' | 'ENHANCED'; readonly rules: readonly ScanningRule[] };
  readonly replication?: readonly ReplicationRule[];
  /** A signing configuration without rules; one with rules is refused (there is no AWS Signer here). */
  readonly signing?: 'empty';
  readonly pullTimeExclusions?: readonly PullTimeExclusion[];
}

export interface RegistryAccount {
  /** The registry policy as it was given, validated. */
  readonly policyText: string | undefined;
  readonly settings: RegistrySettings;
}

interface AccountRow {
  readonly policy: string | null;
  readonly settings: string;
  readonly version: number;
}

function findRow(view: View, account: AccountId): Promise<AccountRow | undefined> {
  return view.get<AccountRow>(sql`SELECT policy, settings, version FROM registry_accounts WHERE account = ${account}`);
}

function toAccount(row: AccountRow | undefined): RegistryAccount {
  if (!row) return { policyText: undefined, settings: {} };
  return { policyText: row.policy ?? undefined, settings: JSON.parse(row.settings) as RegistrySettings };
}

/** What the account has set; all defaults if it never set anything. */
export async function findRegistryAccount(view: View, account: AccountId): Promise<RegistryAccount> {
  return toAccount(await findRow(view, account));
}

export interface RegistryAccountChange {
  readonly policyText?: string | null;
  readonly settings?: RegistrySettings;
}

/** Changes what `change` returns, planning again if another writer was first. */
export function changeRegistryAccount(
  core: Core,
  account: AccountId,
  change: (held: RegistryAccount) => RegistryAccountChange,
): Promise<RegistryAccount> {
  return core.store.update(async (view) => {
    const row = await findRow(view, account);
    const held = toAccount(row);
    const { policyText = held.policyText ?? null, settings = held.settings } = change(held);
    const text = JSON.stringify(settings);
    const within = accountThing(account);
    const step: Step = row
      ? {
          sql: sql`UPDATE registry_accounts SET policy = ${policyText}, settings = ${text}, version = ${row.version + 1}
            WHERE account = ${account} AND version = ${row.version}`,
          expect: 1,
          within,
        }
      : {
          sql: sql`INSERT INTO registry_accounts (account, policy, settings, repositories, version)
            VALUES (${account}, ${policyText}, ${text}, ${0}, ${1})`,
          within,
        };
    return { steps: [step], result: { policyText: policyText ?? undefined, settings } };
  });
}

/** Counts a repository that is made in the same transaction. Fails the write with quotaExceeded. */
export function countRepositoryStep(core: Core, account: AccountId): Step {
  const most = core.quotas.repositoriesPerRegistry;
  return {
    sql: sql`INSERT INTO registry_accounts (account, policy, settings, repositories, version)
      VALUES (${account}, ${null}, ${'{}'}, ${1}, ${1})
      ON CONFLICT (account) DO UPDATE SET repositories = registry_accounts.repositories + 1
      WHERE registry_accounts.repositories < ${most}`,
    expect: 1,
    within: accountThing(account),
    otherwise: () =>
      new RegistryError(
        'quotaExceeded',
        `The registry with id '${account}' already has the maximum allowed number of repositories which is '${most}'`,
      ),
  };
}

export function uncountRepositoryStep(account: AccountId): Step {
  return {
    sql: sql`UPDATE registry_accounts SET repositories = repositories - 1 WHERE account = ${account}`,
    expect: 1,
    within: accountThing(account),
  };
}

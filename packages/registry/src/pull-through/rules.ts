// The rules: which names of an account are a window on which upstream. Kept in memory for moments, since every pull of a
// tag asks for them.
import type { AccountId, Clock } from '@longshore/base';
import { type Sql, sql, type Store, type View } from '@longshore/store';
import { RegistryError } from '../errors.ts';

export interface Rule {
  readonly account: AccountId;
  /** `ROOT` for every name that no other rule has. */
  readonly prefix: string;
  readonly upstreamUrl: string;
  readonly upstreamRegistry: string | undefined;
  /** `ROOT` for none. */
  readonly upstreamPrefix: string;
  readonly credentialArn: string | undefined;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly version: number;
}

interface RuleRow {
  readonly account: string;
  readonly prefix: string;
  readonly upstream_url: string;
  readonly upstream_registry: string | null;
  readonly upstream_prefix: string;
  readonly credential_arn: string | null;
  readonly created_at: number;
  readonly updated_at: number;
  readonly version: number;
}

export const root = 'ROOT';

/** Rules that an account may have (ECR: 50). */
export const rulesPerAccount = 50;

const columns: Sql = sql`account, prefix, upstream_url, upstream_registry, upstream_prefix, credential_arn, created_at,
  updated_at, version`;

function toRule(row: RuleRow): Rule {
  return {
    account: row.account as AccountId,
    prefix: row.prefix,
    upstreamUrl: row.upstream_url,
    upstreamRegistry: row.upstream_registry ?? undefined,
    upstreamPrefix: row.upstream_prefix,
    credentialArn: row.credential_arn ?? undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    version: row.version,
  };
}

/** All rules of an account, by prefix. */
export async function listRules(view: View, account: AccountId): Promise<Rule[]> {
  const rows = await view.all<RuleRow>(
    sql`SELECT ${columns} FROM registry_pull_through_rules WHERE account = ${account} ORDER BY prefix`,
  );
  return rows.map(toRule);
}

export function ruleUnknown(prefix: string, account: AccountId): RegistryError {
  return new RegistryError(
    'ruleUnknown',
    `The pull through cache rule with prefix '${prefix}' was not found in the registry with id '${account}'`,
  );
}

/** Throws ruleUnknown. */
export async function requireRule(view: View, account: AccountId, prefix: string): Promise<Rule> {
  const row = await view.get<RuleRow>(
    sql`SELECT ${columns} FROM registry_pull_through_rules WHERE account = ${account} AND prefix = ${prefix}`,
  );
  if (!row) throw ruleUnknown(prefix, account);
  return toRule(row);
}

/** Throws ruleExists or rulesExceeded. */
export async function insertRule(store: Store, rule: Rule): Promise<void> {
  await store.update(async (view) => {
    const held = await listRules(view, rule.account);
    if (held.some((each) => each.prefix === rule.prefix)) throw ruleExists(rule);
    if (held.length >= rulesPerAccount) throw new RegistryError('rulesExceeded');
    const step = {
      sql: sql`INSERT INTO registry_pull_through_rules (account, prefix, upstream_url, upstream_registry,
          upstream_prefix, credential_arn, created_at, updated_at, version)
        VALUES (${rule.account}, ${rule.prefix}, ${rule.upstreamUrl}, ${rule.upstreamRegistry ?? null},
          ${rule.upstreamPrefix}, ${rule.credentialArn ?? null}, ${rule.createdAt}, ${rule.updatedAt}, ${rule.version})`,
      otherwise: () => ruleExists(rule),
    };
    return { steps: [step], result: undefined };
  });
}

function ruleExists(rule: Rule): RegistryError {
  return new RegistryError(
    'ruleExists',
    `A pull through cache rule with the prefix '${rule.prefix}' already exists in the registry with id '${rule.account}'`,
  );
}

/** Throws ruleUnknown. */
export async function changeCredential(
  store: Store,
  account: AccountId,
  prefix: string,
  credentialArn: string | undefined,
  now: number,
): Promise<Rule> {
  return store.update(async (view) => {
    const held = await requireRule(view, account, prefix);
    const next = { ...held, credentialArn, updatedAt: now, version: held.version + 1 };
    const step = {
      sql: sql`UPDATE registry_pull_through_rules SET credential_arn = ${credentialArn ?? null}, updated_at = ${now},
        version = ${next.version} WHERE account = ${account} AND prefix = ${prefix} AND version = ${held.version}`,
      expect: 1,
    };
    return { steps: [step], result: next };
  });
}

/** Throws ruleUnknown. What was cached stays. */
export async function deleteRule(store: Store, account: AccountId, prefix: string): Promise<Rule> {
  return store.update(async (view) => {
    const held = await requireRule(view, account, prefix);
    const step = {
      sql: sql`DELETE FROM registry_pull_through_rules
        WHERE account = ${account} AND prefix = ${prefix} AND version = ${held.version}`,
      expect: 1,
    };
    return { steps: [step], result: held };
  });
}

/** The rule for a repository name, the longest prefix first, and the name at the upstream. Pure. */
export function matchRule(
  rules: readonly Rule[],
  name: string,
): { readonly rule: Rule; readonly upstreamName: string } | undefined {
  let best: Rule | undefined;
  for (const rule of rules) {
    const fits = rule.prefix === root || name.startsWith(`${rule.prefix}/`);
    const length = rule.prefix === root ? 0 : rule.prefix.length;
    if (fits && (!best || length > (best.prefix === root ? 0 : best.prefix.length))) best = rule;
  }
  if (!best) return undefined;
  const rest = best.prefix === root ? name : name.slice(best.prefix.length + 1);
  return { rule: best, upstreamName: best.upstreamPrefix === root ? rest : `${best.upstreamPrefix}/${rest}` };
}

export interface RuleReader {
  of(account: AccountId): Promise<readonly Rule[]>;
  forget(account: AccountId): void;
}

/** How long another replica's change may go unnoticed. */
const ageMs = 5_000;
const mostAccounts = 10_000;

export function createRuleReader(store: Store, clock: Clock): RuleReader {
  const held = new Map<string, { readonly at: number; readonly rules: Promise<readonly Rule[]> }>();
  return {
    of(account) {
      const now = clock.now();
      const known = held.get(account);
      if (known && now - known.at < ageMs) return known.rules;
      const rules = listRules(store, account);
      const entry = { at: now, rules };
      held.delete(account);
      held.set(account, entry);
      rules.catch(() => held.get(account) === entry && held.delete(account));
      for (const oldest of held.keys()) {
        if (held.size <= mostAccounts) break;
        held.delete(oldest);
      }
      return rules;
    },
    forget: (account) => void held.delete(account),
  };
}

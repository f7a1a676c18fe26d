// Those who own access keys: the root of an account, and users. Every change of an owner's keys or policies raises the
// owner's version, so that limits («two keys») and deletions («no keys remain») hold when changes race.
import type { Principal } from '@longshore/aws';
import type { AccountId } from '@longshore/base';
import { type Step, sql, type View } from '@longshore/store';
import { rootPrincipal, userPrincipal } from './principals.ts';

export interface Owner {
  readonly kind: 'root' | 'user';
  /** The account's id for root. */
  readonly id: string;
  readonly account: AccountId;
  readonly version: number;
}

export interface UserRow {
  readonly id: string;
  readonly account: string;
  readonly name: string;
  readonly path: string;
  readonly created_at: number;
  readonly version: number;
}

/** Case does not tell user names apart. */
export function nameKey(name: string): string {
  return name.toLowerCase();
}

export function findUser(view: View, account: string, name: string): Promise<UserRow | undefined> {
  return view.get<UserRow>(
    sql`SELECT id, account, name, path, created_at, version FROM iam_users
        WHERE account = ${account} AND name_key = ${nameKey(name)}`,
  );
}

export function insertUser(user: UserRow, taken?: () => Error): Step {
  return {
    sql: sql`INSERT INTO iam_users (id, account, name, name_key, path, created_at, version)
      VALUES (${user.id}, ${user.account}, ${user.name}, ${nameKey(user.name)}, ${user.path}, ${user.created_at}, 0)`,
    expect: 1,
    ...(taken && { otherwise: taken }),
  };
}

export function userOwner(user: UserRow): Owner {
  return { kind: 'user', id: user.id, account: user.account as AccountId, version: user.version };
}

export async function rootOwner(view: View, account: AccountId): Promise<Owner> {
  const row = await view.get<{ version: number }>(sql`SELECT version FROM iam_accounts WHERE id = ${account}`);
  if (!row) throw new Error(`There is no account ${account}.`);
  return { kind: 'root', id: account, account, version: row.version };
}

/** The guard of every change to an owner: fails with a conflict if another change came between. */
export function raiseVersion(owner: Owner): Step {
  const table = owner.kind === 'root' ? sql`iam_accounts` : sql`iam_users`;
  return {
    sql: sql`UPDATE ${table} SET version = version + 1 WHERE id = ${owner.id} AND version = ${owner.version}`,
    expect: 1,
  };
}

/** The principal of an owner id that has an active key; undefined if it is gone or all its keys are switched off. */
export async function livePrincipal(view: View, ownerId: string): Promise<Principal | undefined> {
  const live = sql`EXISTS (SELECT 1 FROM iam_access_keys k WHERE k.owner = ${ownerId} AND k.active = 1)`;
  const user = await view.get<UserRow>(
    sql`SELECT id, account, name, path, created_at, version FROM iam_users WHERE id = ${ownerId} AND ${live}`,
  );
  if (user) return userPrincipal(user);
  const root = await view.get<{ id: AccountId }>(sql`SELECT id FROM iam_accounts WHERE id = ${ownerId} AND ${live}`);
  return root && rootPrincipal(root.id);
}

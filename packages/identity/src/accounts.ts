// Accounts: the first one made once for an installation, whoever of several replicas starts first; further ones by name.
import { type AccountId, UserError } from '@longshore/base';
import { type Step, sql, type View } from '@longshore/store';
import { ensureKey, insertKey } from './access-keys.ts';
import type { IdentityCore } from './core.ts';
import { newAccessKey, newAccountId } from './ids.ts';
import { rootOwner } from './owners.ts';
import type { AccessKey, Account } from './types.ts';

const firstAccount = 'first-account';
const firstAccountName = 'main';

interface AccountRow {
  readonly id: AccountId;
  readonly name: string;
  readonly created_at: number;
}

interface Bootstrapped {
  readonly account: Account;
  readonly rootKey: AccessKey;
  readonly created: boolean;
}

function toAccount(row: AccountRow): Account {
  return { id: row.id, name: row.name, createdAt: row.created_at };
}

function insertAccount(account: Account): Step {
  return {
    sql: sql`INSERT INTO iam_accounts (id, name, created_at, version)
      VALUES (${account.id}, ${account.name}, ${account.createdAt}, 0)`,
    expect: 1,
  };
}

/** Steps of a new account with its root key. A number that is taken is a conflict, and another is drawn. */
function newAccount(core: IdentityCore, name: string, rootKey: AccessKey): { account: Account; steps: Step[] } {
  const account: Account = { id: newAccountId(), name, createdAt: core.clock.now() };
  const steps = [insertAccount(account), insertKey(core, { id: account.id, account: account.id }, rootKey)];
  return { account, steps };
}

/** Throws UserError if the key that the environment presets cannot be an access key. */
function checkPreset(key: AccessKey): AccessKey {
  if (!/^[A-Z0-9]{16,128}$/.test(key.accessKeyId)) {
    throw new UserError(
      'The preset access key id is malformed.',
      'Give 16 to 128 capital letters and digits, e.g. AKIA and 16 more.',
    );
  }
  if (!/^[\x21-\x7e]{16,128}$/.test(key.secretAccessKey)) {
    throw new UserError('The preset secret access key is malformed.', 'Give 16 to 128 characters without spaces.');
  }
  return key;
}

async function findFirst(view: View): Promise<AccountRow | undefined> {
  return view.get<AccountRow>(
    sql`SELECT a.id, a.name, a.created_at FROM iam_settings s JOIN iam_accounts a ON a.id = s.value
        WHERE s.name = ${firstAccount}`,
  );
}

/** `presetKey` counts at the very first start only. Throws UserError if it is malformed. */
export async function bootstrapAccount(core: IdentityCore, presetKey: AccessKey | undefined): Promise<Bootstrapped> {
  return core.store.update<Bootstrapped>(async (view) => {
    const existing = await findFirst(view);
    if (existing) {
      const { steps, result } = await ensureKey(core, view, await rootOwner(view, existing.id));
      return { steps, result: { account: toAccount(existing), rootKey: result, created: false } };
    }
    const rootKey = presetKey ? checkPreset(presetKey) : newAccessKey();
    const { account, steps } = newAccount(core, firstAccountName, rootKey);
    // The unique name decides a race of first starts: the loser plans again and finds the winner's account.
    const once: Step = {
      sql: sql`INSERT INTO iam_settings (name, value) VALUES (${firstAccount}, ${account.id})`,
      expect: 1,
    };
    return { steps: [...steps, once], result: { account, rootKey, created: true } };
  });
}

/** Throws UserError unless `name` has 1 to 50 printable characters. */
export async function createAccount(
  core: IdentityCore,
  name: string,
): Promise<{ readonly account: Account; readonly rootKey: AccessKey }> {
  if (!/^[\x20-\x7e]{1,50}$/.test(name) || name.trim() === '') {
    throw new UserError('The account name is malformed.', 'Give 1 to 50 printable characters.');
  }
  return core.store.update(async () => {
    const rootKey = newAccessKey();
    const { account, steps } = newAccount(core, name, rootKey);
    return { steps, result: { account, rootKey } };
  });
}

/** Oldest first. */
export async function listAccounts(view: View): Promise<readonly Account[]> {
  const rows = await view.all<AccountRow>(sql`SELECT id, name, created_at FROM iam_accounts ORDER BY created_at, id`);
  return rows.map(toAccount);
}

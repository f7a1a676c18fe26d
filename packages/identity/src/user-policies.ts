// Inline policies of users.
import { type Step, sql, type View } from '@longshore/store';
import type { IdentityCore } from './core.ts';
import { identityErrors } from './errors.ts';
import { findUser, raiseVersion, type UserRow, userOwner } from './owners.ts';
import { type CompiledPolicy, compilePolicy } from './policy/compile.ts';
import { parsePolicy, policyLimits, policySize } from './policy/document.ts';

export interface UserPolicyRow {
  readonly name: string;
  readonly document: string;
}

export async function requireUser(view: View, account: string, name: string): Promise<UserRow> {
  const user = await findUser(view, account, name);
  if (!user) throw identityErrors.noSuchUser(name);
  return user;
}

/** By name. */
export function policiesOf(view: View, userId: string): Promise<UserPolicyRow[]> {
  return view.all<UserPolicyRow>(
    sql`SELECT name, document FROM iam_user_policies WHERE user_id = ${userId} ORDER BY name`,
  );
}

export async function compiledPoliciesOf(view: View, userId: string): Promise<readonly CompiledPolicy[]> {
  const rows = await policiesOf(view, userId);
  return rows.map((row) => compilePolicy(parsePolicy(row.document, 'identity')));
}

export function upsertPolicy(userId: string, name: string, document: string): Step {
  return {
    sql: sql`INSERT INTO iam_user_policies (user_id, name, document) VALUES (${userId}, ${name}, ${document})
      ON CONFLICT (user_id, name) DO UPDATE SET document = excluded.document`,
    expect: 1,
  };
}

/** Throws NoSuchEntity, MalformedPolicyDocument, LimitExceeded (the limit is for all of a user's policies together). */
export async function putPolicy(
  core: IdentityCore,
  account: string,
  userName: string,
  policyName: string,
  document: string,
): Promise<void> {
  parsePolicy(document, 'identity');
  const userId = await core.store.update(async (view) => {
    const user = await requireUser(view, account, userName);
    const others = (await policiesOf(view, user.id)).filter((policy) => policy.name !== policyName);
    const total = others.reduce((sum, policy) => sum + policySize(policy.document), policySize(document));
    if (total > policyLimits.identity) throw identityErrors.policiesTooLarge(policyLimits.identity, user.name);
    return { steps: [raiseVersion(userOwner(user)), upsertPolicy(user.id, policyName, document)], result: user.id };
  });
  core.forget.owner(userId);
}

/** Throws NoSuchEntity. */
export async function deletePolicy(
  core: IdentityCore,
  account: string,
  userName: string,
  policyName: string,
): Promise<void> {
  const userId = await core.store.update(async (view) => {
    const user = await requireUser(view, account, userName);
    const remove: Step = {
      sql: sql`DELETE FROM iam_user_policies WHERE user_id = ${user.id} AND name = ${policyName}`,
      expect: 1,
      otherwise: () => identityErrors.noSuchUserPolicy(policyName),
    };
    return { steps: [raiseVersion(userOwner(user)), remove], result: user.id };
  });
  core.forget.owner(userId);
}

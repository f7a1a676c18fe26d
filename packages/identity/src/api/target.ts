// Whom an IAM operation is about: the named user of the caller's account, or the caller when no name is given. Gives
// the resource ARN for authorisation and the owner for changes to keys.
import type { AccessRequest, CallContext } from '@longshore/aws';
import { type View, sql } from '@longshore/store';
import type { IdentityCore } from '../core.ts';
import { identityErrors } from '../errors.ts';
import { checkUserName } from '../input.ts';
import { findUser, type Owner, rootOwner, type UserRow, userOwner } from '../owners.ts';
import { rootPrincipal, userArn } from '../principals.ts';
import { requireUser } from '../user-policies.ts';

async function callerUser(view: View, call: CallContext): Promise<UserRow> {
  const user = await view.get<UserRow>(
    sql`SELECT id, account, name, path, created_at, version FROM iam_users WHERE id = ${call.principal.userId}`,
  );
  if (!user) throw identityErrors.noSuchUser(call.principal.arn);
  return user;
}

/** The user of the name, or the calling user. Throws NoSuchEntity; ValidationError if root names nobody. */
export async function targetUser(view: View, call: CallContext, userName: string | undefined): Promise<UserRow> {
  if (userName !== undefined) return requireUser(view, call.principal.account, checkUserName(userName));
  if (call.principal.kind !== 'user') throw identityErrors.rootHasNoUser();
  return callerUser(view, call);
}

/** Whose keys an operation is about: root's own if root names nobody. Throws NoSuchEntity. */
export async function targetOwner(view: View, call: CallContext, userName: string | undefined): Promise<Owner> {
  if (userName === undefined && call.principal.kind === 'root') return rootOwner(view, call.principal.account);
  return userOwner(await targetUser(view, call, userName));
}

/** What must be allowed: the action on the user's ARN, with its path if the user is there. */
export async function targetAccess(
  core: IdentityCore,
  call: CallContext,
  userName: string | undefined,
): Promise<AccessRequest> {
  const { account, kind, arn } = call.principal;
  if (userName === undefined) {
    return { resources: [{ arn: kind === 'root' ? rootPrincipal(account).arn : arn, account }] };
  }
  const name = checkUserName(userName);
  const user = await findUser(core.store, account, name);
  return { resources: [{ arn: userArn(account, user?.path ?? '/', user?.name ?? name), account }] };
}

// iam:DeleteUser
import { type DeleteUserRequest, DeleteUser$ } from '@aws-sdk/client-iam';
import { operation } from '@longshore/aws';
import { sql } from '@longshore/store';
import { keysOf } from '../access-keys.ts';
import type { IdentityCore } from '../core.ts';
import { identityErrors } from '../errors.ts';
import { policiesOf, requireUser } from '../user-policies.ts';
import { checkUserName } from '../input.ts';
import { targetAccess } from './target.ts';

export function deleteUser(core: IdentityCore) {
  return operation<DeleteUserRequest, object>({
    name: 'DeleteUser',
    schema: DeleteUser$,
    effect: 'write',
    access: (input, call) => targetAccess(core, call, checkUserName(input.UserName)),
    async handle(input, call) {
      const userId = await core.store.update(async (view) => {
        const user = await requireUser(view, call.principal.account, checkUserName(input.UserName));
        if ((await keysOf(view, user.id)).length > 0) throw identityErrors.keysRemain();
        if ((await policiesOf(view, user.id)).length > 0) throw identityErrors.policiesRemain();
        // A key or policy added since raised the version.
        const remove = sql`DELETE FROM iam_users WHERE id = ${user.id} AND version = ${user.version}`;
        return { steps: [{ sql: remove, expect: 1 }], result: user.id };
      });
      core.forget.owner(userId);
      return {};
    },
  });
}

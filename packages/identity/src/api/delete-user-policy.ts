// iam:DeleteUserPolicy
import { type DeleteUserPolicyRequest, DeleteUserPolicy$ } from '@aws-sdk/client-iam';
import { operation } from '@longshore/aws';
import type { IdentityCore } from '../core.ts';
import { checkPolicyName, checkUserName } from '../input.ts';
import { deletePolicy } from '../user-policies.ts';
import { targetAccess } from './target.ts';

export function deleteUserPolicy(core: IdentityCore) {
  return operation<DeleteUserPolicyRequest, object>({
    name: 'DeleteUserPolicy',
    schema: DeleteUserPolicy$,
    effect: 'write',
    access: (input, call) => targetAccess(core, call, checkUserName(input.UserName)),
    async handle(input, call) {
      const userName = checkUserName(input.UserName);
      await deletePolicy(core, call.principal.account, userName, checkPolicyName(input.PolicyName));
      return {};
    },
  });
}

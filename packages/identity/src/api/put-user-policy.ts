// iam:PutUserPolicy
import { type PutUserPolicyRequest, PutUserPolicy$ } from '@aws-sdk/client-iam';
import { operation } from '@longshore/aws';
import type { IdentityCore } from '../core.ts';
import { identityErrors } from '../errors.ts';
import { checkPolicyName, checkUserName } from '../input.ts';
import { putPolicy } from '../user-policies.ts';
import { targetAccess } from './target.ts';

export function putUserPolicy(core: IdentityCore) {
  return operation<PutUserPolicyRequest, object>({
    name: 'PutUserPolicy',
    schema: PutUserPolicy$,
    effect: 'write',
    access: (input, call) => targetAccess(core, call, checkUserName(input.UserName)),
    async handle(input, call) {
      const userName = checkUserName(input.UserName);
      const policyName = checkPolicyName(input.PolicyName);
      if (!input.PolicyDocument) throw identityErrors.invalid('The request must contain policyDocument.');
      await putPolicy(core, call.principal.account, userName, policyName, input.PolicyDocument);
      return {};
    },
  });
}

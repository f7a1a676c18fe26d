// iam:GetUserPolicy
import { type GetUserPolicyRequest, type GetUserPolicyResponse, GetUserPolicy$ } from '@aws-sdk/client-iam';
import { operation } from '@longshore/aws';
import type { IdentityCore } from '../core.ts';
import { identityErrors } from '../errors.ts';
import { checkPolicyName, checkUserName } from '../input.ts';
import { policiesOf, requireUser } from '../user-policies.ts';
import { targetAccess } from './target.ts';

/** RFC 3986: encodeURIComponent leaves five characters that the RFC reserves. */
function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

export function getUserPolicy(core: IdentityCore) {
  return operation<GetUserPolicyRequest, GetUserPolicyResponse>({
    name: 'GetUserPolicy',
    schema: GetUserPolicy$,
    effect: 'read',
    access: (input, call) => targetAccess(core, call, checkUserName(input.UserName)),
    async handle(input, call) {
      const name = checkPolicyName(input.PolicyName);
      const user = await requireUser(core.store, call.principal.account, checkUserName(input.UserName));
      const policy = (await policiesOf(core.store, user.id)).find((each) => each.name === name);
      if (!policy) throw identityErrors.noSuchUserPolicy(name);
      // IAM answers documents percent-encoded; clients decode them.
      return { UserName: user.name, PolicyName: policy.name, PolicyDocument: percentEncode(policy.document) };
    },
  });
}

// iam:ListUserPolicies
import { type ListUserPoliciesRequest, type ListUserPoliciesResponse, ListUserPolicies$ } from '@aws-sdk/client-iam';
import { operation } from '@longshore/aws';
import type { IdentityCore } from '../core.ts';
import { checkPage, checkUserName, toPage } from '../input.ts';
import { policiesOf, requireUser } from '../user-policies.ts';
import { targetAccess } from './target.ts';

export function listUserPolicies(core: IdentityCore) {
  return operation<ListUserPoliciesRequest, ListUserPoliciesResponse>({
    name: 'ListUserPolicies',
    schema: ListUserPolicies$,
    effect: 'read',
    access: (input, call) => targetAccess(core, call, checkUserName(input.UserName)),
    async handle(input, call) {
      const page = checkPage(input);
      const user = await requireUser(core.store, call.principal.account, checkUserName(input.UserName));
      const policies = (await policiesOf(core.store, user.id)).filter((policy) => policy.name > page.after);
      const { items, ...rest } = toPage(policies, page, (policy) => policy.name);
      return { PolicyNames: items.map((policy) => policy.name), ...rest };
    },
  });
}

// IAM's operations on the inline policies of roles.
import {
  type DeleteRolePolicyRequest,
  DeleteRolePolicy$,
  type GetRolePolicyRequest,
  type GetRolePolicyResponse,
  GetRolePolicy$,
  type ListRolePoliciesRequest,
  type ListRolePoliciesResponse,
  ListRolePolicies$,
  type PutRolePolicyRequest,
  PutRolePolicy$,
} from '@aws-sdk/client-iam';
import { operation } from '@longshore/aws';
import { sql } from '@longshore/store';
import type { IdentityCore } from '../core.ts';
import { identityErrors } from '../errors.ts';
import { checkPolicyName, checkRoleName } from '../input.ts';
import { parsePolicy, policyLimits, policySize } from '../policy/document.ts';
import { changeRole, requireRole, rolePoliciesOf } from '../roles/roles.ts';
import { roleAccess } from './roles.ts';

export function putRolePolicy(core: IdentityCore) {
  return operation<PutRolePolicyRequest, object>({
    name: 'PutRolePolicy',
    schema: PutRolePolicy$,
    effect: 'write',
    access: (input, call) => roleAccess(core, call, input.RoleName),
    async handle(input, call) {
      const name = checkRoleName(input.RoleName);
      const policyName = checkPolicyName(input.PolicyName);
      const document = input.PolicyDocument;
      if (!document) throw identityErrors.invalid('The request must contain policyDocument.');
      parsePolicy(document, 'identity');
      await changeRole(core, call.principal.account, name, async (view, role) => {
        const others = (await rolePoliciesOf(view, role.id)).filter((policy) => policy.name !== policyName);
        const total = others.reduce((sum, policy) => sum + policySize(policy.document), policySize(document));
        if (total > policyLimits.identity) throw identityErrors.policiesTooLarge(policyLimits.identity, name);
        const put = sql`INSERT INTO iam_role_policies (role_id, name, document)
          VALUES (${role.id}, ${policyName}, ${document})
          ON CONFLICT (role_id, name) DO UPDATE SET document = excluded.document`;
        return [{ sql: put, expect: 1 }];
      });
      return {};
    },
  });
}

export function getRolePolicy(core: IdentityCore) {
  return operation<GetRolePolicyRequest, GetRolePolicyResponse>({
    name: 'GetRolePolicy',
    schema: GetRolePolicy$,
    effect: 'read',
    access: (input, call) => roleAccess(core, call, input.RoleName),
    async handle(input, call) {
      const role = await requireRole(core.store, call.principal.account, checkRoleName(input.RoleName));
      const policyName = checkPolicyName(input.PolicyName);
      const found = (await rolePoliciesOf(core.store, role.id)).find((policy) => policy.name === policyName);
      if (!found) throw identityErrors.noSuchRolePolicy(policyName);
      return { RoleName: role.name, PolicyName: found.name, PolicyDocument: encodeURIComponent(found.document) };
    },
  });
}

export function listRolePolicies(core: IdentityCore) {
  return operation<ListRolePoliciesRequest, ListRolePoliciesResponse>({
    name: 'ListRolePolicies',
    schema: ListRolePolicies$,
    effect: 'read',
    access: (input, call) => roleAccess(core, call, input.RoleName),
    async handle(input, call) {
      const role = await requireRole(core.store, call.principal.account, checkRoleName(input.RoleName));
      const policies = await rolePoliciesOf(core.store, role.id);
      return { PolicyNames: policies.map((policy) => policy.name), IsTruncated: false };
    },
  });
}

export function deleteRolePolicy(core: IdentityCore) {
  return operation<DeleteRolePolicyRequest, object>({
    name: 'DeleteRolePolicy',
    schema: DeleteRolePolicy$,
    effect: 'write',
    access: (input, call) => roleAccess(core, call, input.RoleName),
    async handle(input, call) {
      const policyName = checkPolicyName(input.PolicyName);
      await changeRole(core, call.principal.account, checkRoleName(input.RoleName), async (_view, role) => [
        {
          sql: sql`DELETE FROM iam_role_policies WHERE role_id = ${role.id} AND name = ${policyName}`,
          expect: 1,
          otherwise: () => identityErrors.noSuchRolePolicy(policyName),
        },
      ]);
      return {};
    },
  });
}

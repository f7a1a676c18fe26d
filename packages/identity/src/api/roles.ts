// IAM's operations on roles: create, get, list, delete, and the trust policy. Tags, boundaries and managed policies are
// refused, as those of users are.
import {
  type CreateRoleRequest,
  type CreateRoleResponse,
  CreateRole$,
  type DeleteRoleRequest,
  DeleteRole$,
  type GetRoleRequest,
  type GetRoleResponse,
  GetRole$,
  type ListRolesRequest,
  type ListRolesResponse,
  ListRoles$,
  type Role,
  type UpdateAssumeRolePolicyRequest,
  UpdateAssumeRolePolicy$,
} from '@aws-sdk/client-iam';
import { type AccessRequest, type CallContext, operation } from '@longshore/aws';
import { sql } from '@longshore/store';
import type { IdentityCore } from '../core.ts';
import { identityErrors } from '../errors.ts';
import { newRoleId } from '../ids.ts';
import { checkPage, checkPath, checkPathPrefix, checkRoleName, toPage } from '../input.ts';
import { nameKey } from '../owners.ts';
import {
  changeRole,
  findRole,
  insertRole,
  requireRole,
  roleArn,
  rolePoliciesOf,
  type RoleRow,
  rolesOf,
} from '../roles/roles.ts';
import { checkTrust } from '../roles/trust.ts';

const rolesPerAccount = 1000;

function shape(role: RoleRow): Role {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.id,
    Arn: roleArn(role),
    CreateDate: new Date(role.created_at),
    // IAM gives documents URL-encoded (RFC 3986).
    AssumeRolePolicyDocument: encodeURIComponent(role.trust),
    MaxSessionDuration: 3600,
    ...(role.description && { Description: role.description }),
  };
}

/** The action on the role's ARN, with its path if the role is there. */
export async function roleAccess(
  core: IdentityCore,
  call: CallContext,
  given: string | undefined,
): Promise<AccessRequest> {
  const { account } = call.principal;
  const name = checkRoleName(given);
  const role = await findRole(core.store, account, name);
  return { resources: [{ arn: roleArn(role ?? { account, path: '/', name }), account }] };
}

export function createRole(core: IdentityCore) {
  return operation<CreateRoleRequest, CreateRoleResponse>({
    name: 'CreateRole',
    schema: CreateRole$,
    effect: 'write',
    access(input, call) {
      const { account } = call.principal;
      const arn = roleArn({ account, path: checkPath(input.Path), name: checkRoleName(input.RoleName) });
      return { resources: [{ arn, account }] };
    },
    async handle(input, call) {
      const { account } = call.principal;
      if (input.PermissionsBoundary !== undefined || (input.Tags?.length ?? 0) > 0)
        throw identityErrors.unsupported('Permissions boundaries and tags of roles are not supported; leave them out.');
      const description = input.Description ?? '';
      if (description.length > 1000) throw identityErrors.invalid('The description has at most 1000 characters.');
      const made: RoleRow = {
        id: newRoleId(),
        account,
        name: checkRoleName(input.RoleName),
        path: checkPath(input.Path),
        trust: checkTrust(input.AssumeRolePolicyDocument),
        description,
        created_at: call.now,
        version: 0,
      };
      await core.store.update(async (view) => {
        const count = await view.get<{ n: number }>(
          sql`SELECT COUNT(*) AS n FROM iam_roles WHERE account = ${account}`,
        );
        if (Number(count?.n ?? 0) >= rolesPerAccount) throw identityErrors.tooManyRoles(rolesPerAccount);
        return { steps: [insertRole(made)], result: undefined };
      });
      return { Role: shape(made) };
    },
  });
}

export function getRole(core: IdentityCore) {
  return operation<GetRoleRequest, GetRoleResponse>({
    name: 'GetRole',
    schema: GetRole$,
    effect: 'read',
    access: (input, call) => roleAccess(core, call, input.RoleName),
    async handle(input, call) {
      return { Role: shape(await requireRole(core.store, call.principal.account, checkRoleName(input.RoleName))) };
    },
  });
}

export function listRoles(core: IdentityCore) {
  return operation<ListRolesRequest, ListRolesResponse>({
    name: 'ListRoles',
    schema: ListRoles$,
    effect: 'read',
    access(input, call) {
      const { account } = call.principal;
      return { resources: [{ arn: roleArn({ account, path: checkPathPrefix(input.PathPrefix), name: '' }), account }] };
    },
    async handle(input, call) {
      const page = checkPage(input);
      const prefix = checkPathPrefix(input.PathPrefix);
      const rows = await rolesOf(core.store, call.principal.account, prefix, page.after, page.size + 1);
      const { items, ...rest } = toPage(rows, page, (row) => nameKey(row.name));
      return { Roles: items.map(shape), ...rest };
    },
  });
}

export function deleteRole(core: IdentityCore) {
  return operation<DeleteRoleRequest, object>({
    name: 'DeleteRole',
    schema: DeleteRole$,
    effect: 'write',
    access: (input, call) => roleAccess(core, call, input.RoleName),
    async handle(input, call) {
      await changeRole(core, call.principal.account, checkRoleName(input.RoleName), async (view, role) => {
        if ((await rolePoliciesOf(view, role.id)).length > 0) throw identityErrors.policiesRemain();
        return [
          { sql: sql`DELETE FROM iam_sessions WHERE role_id = ${role.id}` },
          { sql: sql`DELETE FROM iam_roles WHERE id = ${role.id}`, expect: 1 },
        ];
      });
      return {};
    },
  });
}

export function updateAssumeRolePolicy(core: IdentityCore) {
  return operation<UpdateAssumeRolePolicyRequest, object>({
    name: 'UpdateAssumeRolePolicy',
    schema: UpdateAssumeRolePolicy$,
    effect: 'write',
    access: (input, call) => roleAccess(core, call, input.RoleName),
    async handle(input, call) {
      const trust = checkTrust(input.PolicyDocument);
      await changeRole(core, call.principal.account, checkRoleName(input.RoleName), async (_view, role) => [
        { sql: sql`UPDATE iam_roles SET trust = ${trust} WHERE id = ${role.id}`, expect: 1 },
      ]);
      return {};
    },
  });
}

// Roles: rows, lookups, and their inline policies. Every change raises the role's version, as users' do.
import { type Step, sql, type Update, type View } from '@longshore/store';
import type { IdentityCore } from '../core.ts';
import { identityErrors } from '../errors.ts';
import { nameKey } from '../owners.ts';
import { compilePolicy, type CompiledPolicy } from '../policy/compile.ts';
import { parsePolicy } from '../policy/document.ts';

export interface RoleRow {
  readonly id: string;
  readonly account: string;
  readonly name: string;
  readonly path: string;
  readonly trust: string;
  readonly description: string;
  readonly created_at: number;
  readonly version: number;
}

export interface RolePolicyRow {
  readonly name: string;
  readonly document: string;
}

const columns = sql`id, account, name, path, trust, description, created_at, version`;

export function roleArn(role: Pick<RoleRow, 'account' | 'path' | 'name'>): string {
  return `arn:aws:iam::${role.account}:role${role.path}${role.name}`;
}

export function findRole(view: View, account: string, name: string): Promise<RoleRow | undefined> {
  return view.get<RoleRow>(
    sql`SELECT ${columns} FROM iam_roles WHERE account = ${account} AND name_key = ${nameKey(name)}`,
  );
}

export function findRoleById(view: View, id: string): Promise<RoleRow | undefined> {
  return view.get<RoleRow>(sql`SELECT ${columns} FROM iam_roles WHERE id = ${id}`);
}

/** Throws NoSuchEntity. */
export async function requireRole(view: View, account: string, name: string): Promise<RoleRow> {
  const role = await findRole(view, account, name);
  if (!role) throw identityErrors.noSuchRole(name);
  return role;
}

/** In the order of their names, after `after`. */
export function rolesOf(view: View, account: string, prefix: string, after: string, limit: number): Promise<RoleRow[]> {
  return view.all<RoleRow>(
    sql`SELECT ${columns} FROM iam_roles WHERE account = ${account} AND name_key > ${after}
      AND path >= ${prefix} AND path < ${`${prefix}\x7f`} ORDER BY name_key LIMIT ${limit}`,
  );
}

export function insertRole(role: RoleRow): Step {
  return {
    sql: sql`INSERT INTO iam_roles (id, account, name, name_key, path, trust, description, created_at, version)
      VALUES (${role.id}, ${role.account}, ${role.name}, ${nameKey(role.name)}, ${role.path}, ${role.trust},
        ${role.description}, ${role.created_at}, 0)`,
    expect: 1,
    otherwise: () => identityErrors.roleExists(role.name),
  };
}

export function rolePoliciesOf(view: View, roleId: string): Promise<RolePolicyRow[]> {
  return view.all<RolePolicyRow>(
    sql`SELECT name, document FROM iam_role_policies WHERE role_id = ${roleId} ORDER BY name`,
  );
}

export async function compiledRolePolicies(view: View, roleId: string): Promise<readonly CompiledPolicy[]> {
  const rows = await rolePoliciesOf(view, roleId);
  return rows.map((row) => compilePolicy(parsePolicy(row.document, 'identity')));
}

/** Changes a role by `steps`, guarded by its version. Throws NoSuchEntity. */
export async function changeRole(
  core: IdentityCore,
  account: string,
  name: string,
  steps: (view: View, role: RoleRow) => Promise<readonly Step[]>,
): Promise<void> {
  const id = await core.store.update(async (view): Promise<Update<string>> => {
    const role = await requireRole(view, account, name);
    const raise: Step = {
      sql: sql`UPDATE iam_roles SET version = version + 1 WHERE id = ${role.id} AND version = ${role.version}`,
      expect: 1,
    };
    return { steps: [raise, ...(await steps(view, role))], result: role.id };
  });
  core.forget.owner(id);
}

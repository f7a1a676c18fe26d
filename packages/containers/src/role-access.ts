// Roles of tasks: which ones a launch names, and who may name them. Whoever names a role for a task must be allowed to pass
// it to one (iam:PassRole), as in ECS: else a definition would be a way to rights that its author has not.
import type { TaskOverride } from '@aws-sdk/client-ecs';
import type { CallContext } from '@longshore/aws';
import type { Core } from './core.ts';
import type { DefinitionRecord } from './definitions.ts';
import { ecsErrors } from './errors.ts';
import { accountOfArn } from './names.ts';

/** Throws AccessDeniedException. A role is a name or an ARN. */
export async function authorizeRoles(call: CallContext, roles: readonly (string | undefined)[]): Promise<void> {
  const named = [...new Set(roles)].filter((role) => role !== undefined && role !== '');
  if (named.length === 0) return;
  const { account } = call.principal;
  const arns = named.map((role) => (role?.startsWith('arn:') ? role : `arn:aws:iam::${account}:role/${role}`));
  await call.authorize({
    action: 'iam:PassRole',
    resources: arns.map((arn) => ({ arn, account: accountOfArn(arn, account) })),
    context: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' },
  });
}

interface RoleOrder {
  readonly account: string;
  readonly definition: DefinitionRecord;
  readonly overrides: TaskOverride;
}

/** The roles of a launch's tasks. */
export function rolesOf({ definition, overrides }: Omit<RoleOrder, 'account'>) {
  return {
    task: overrides.taskRoleArn ?? definition.document.taskRoleArn,
    execution: overrides.executionRoleArn ?? definition.document.executionRoleArn,
  };
}

/** A role that the tasks could not take: it is not there, or does not trust tasks. */
export async function refusedRole(core: Pick<Core, 'taskRoles'>, order: RoleOrder): Promise<string | undefined> {
  const roles = rolesOf(order);
  for (const role of new Set([roles.task, roles.execution]))
    if (role && core.taskRoles && !(await core.taskRoles.trusts(order.account, role))) return role;
  return undefined;
}

/** Throws ClientException. */
export async function requireRoles(core: Pick<Core, 'taskRoles'>, order: RoleOrder): Promise<void> {
  const role = await refusedRole(core, order);
  if (role !== undefined) throw ecsErrors.roleNotTaken(role);
}

// Whoever names a role for a task must be allowed to pass it to one (iam:PassRole), as in ECS: else a definition would be
// a way to rights that its author has not.
import type { CallContext } from '@longshore/aws';
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

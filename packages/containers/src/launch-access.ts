// What RunTask and StartTask need to be allowed besides: the roles that they put in place of the definition's, the tags
// that they give.
import type { TaskOverride } from '@aws-sdk/client-ecs';
import type { CallContext } from '@longshore/aws';
import { type Core, placeOf } from './core.ts';
import { clusterArnOf, ecsArn, lastPart } from './names.ts';
import { authorizeRoles } from './role-access.ts';
import { authorizeTags } from './tag-access.ts';

interface Launching {
  readonly cluster?: string | undefined;
  readonly overrides?: TaskOverride | undefined;
}

/** Throws AccessDeniedException. */
export async function authorizeLaunch(
  core: Pick<Core, 'store'>,
  call: CallContext,
  operation: 'RunTask' | 'StartTask',
  input: Launching,
  tags: readonly unknown[],
): Promise<void> {
  const place = placeOf(call);
  await authorizeRoles(call, [input.overrides?.taskRoleArn, input.overrides?.executionRoleArn]);
  const cluster = lastPart(clusterArnOf(place, input.cluster) ?? '*');
  await authorizeTags(core, call, operation, tags, [ecsArn(place, 'task', `${cluster}/*`)]);
}

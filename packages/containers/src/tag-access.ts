// The account setting tagResourceAuthorization: where it is on, who makes a resource with tags must be allowed
// ecs:TagResource on it, for the operation that makes it (condition key ecs:CreateAction).
import type { CallContext } from '@longshore/aws';
import { effectiveSettings } from './account-settings.ts';
import { type Core, placeOf } from './core.ts';
import { accountOfArn } from './names.ts';

/** Throws AccessDeniedException. `resources` are the ARNs that will be made, or patterns of them. */
export async function authorizeTags(
  core: Pick<Core, 'store'>,
  call: CallContext,
  createAction: string,
  tags: readonly unknown[],
  resources: readonly string[],
): Promise<void> {
  if (tags.length === 0) return;
  const settings = await effectiveSettings(core.store, placeOf(call), call.principal.arn);
  if (settings.find((each) => each.name === 'tagResourceAuthorization')?.value !== 'on') return;
  await call.authorize({
    action: 'ecs:TagResource',
    resources: resources.map((arn) => ({ arn, account: accountOfArn(arn, call.principal.account) })),
    context: { 'ecs:CreateAction': createAction },
  });
}

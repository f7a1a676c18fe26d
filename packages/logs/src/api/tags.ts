// logs:TagResource, UntagResource, ListTagsForResource, on log groups
import {
  ListTagsForResource$,
  type ListTagsForResourceRequest,
  type ListTagsForResourceResponse,
  TagResource$,
  type TagResourceRequest,
  UntagResource$,
  type UntagResourceRequest,
} from '@aws-sdk/client-cloudwatch-logs';
import { operation } from '@longshore/aws';
import { groupAccess, groupNameOf, type LogsCore } from '../core.ts';
import { logErrors } from '../errors.ts';
import { changeGroup, requireGroup } from '../rows.ts';

type Tags = Readonly<Record<string, string>>;

/** `given` over `held`. Throws InvalidParameterException and TooManyTagsException. */
export function mergeTags(held: Tags, given: Tags | undefined): Tags {
  for (const [key, value] of Object.entries(given ?? {}))
    if (key.length < 1 || key.length > 128 || value.length > 256 || key.toLowerCase().startsWith('aws:'))
      throw logErrors.invalid(
        'A tag has a key of 1 to 128 characters, not beginning with aws:, and a value of 256 at most.',
      );
  const merged = { ...held, ...given };
  if (Object.keys(merged).length > 50) throw logErrors.tooManyTags();
  return merged;
}

const reference = (input: { readonly resourceArn?: string | undefined }) => ({
  logGroupIdentifier: input.resourceArn ?? '',
});

async function change(core: LogsCore, account: string, name: string, next: (tags: Tags) => Tags): Promise<object> {
  await core.store.update(async (view) => {
    const group = await requireGroup(view, account, name);
    const tags = JSON.stringify(next(JSON.parse(group.tags) as Tags));
    return { steps: [changeGroup(group, { tags })], result: undefined };
  });
  return {};
}

export function tagResource(core: LogsCore) {
  return operation<TagResourceRequest, object>({
    name: 'TagResource',
    schema: TagResource$,
    effect: 'write',
    access: (input, call) => groupAccess(core, reference(input), call),
    handle: (input, call) =>
      change(core, call.principal.account, groupNameOf(reference(input), call.principal.account), (tags) =>
        mergeTags(tags, input.tags),
      ),
  });
}

export function untagResource(core: LogsCore) {
  return operation<UntagResourceRequest, object>({
    name: 'UntagResource',
    schema: UntagResource$,
    effect: 'write',
    access: (input, call) => groupAccess(core, reference(input), call),
    handle: (input, call) =>
      change(core, call.principal.account, groupNameOf(reference(input), call.principal.account), (tags) =>
        Object.fromEntries(Object.entries(tags).filter(([key]) => !input.tagKeys?.includes(key))),
      ),
  });
}

export function listTagsForResource(core: LogsCore) {
  return operation<ListTagsForResourceRequest, ListTagsForResourceResponse>({
    name: 'ListTagsForResource',
    schema: ListTagsForResource$,
    effect: 'read',
    access: (input, call) => groupAccess(core, reference(input), call),
    async handle(input, call) {
      const { account } = call.principal;
      const group = await requireGroup(core.store, account, groupNameOf(reference(input), account));
      return { tags: JSON.parse(group.tags) as Record<string, string> };
    },
  });
}

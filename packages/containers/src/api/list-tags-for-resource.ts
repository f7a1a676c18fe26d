// ListTagsForResource: the tags of a resource, in key order.
import {
  ListTagsForResource$,
  type ListTagsForResourceRequest,
  type ListTagsForResourceResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { type Core, placeOf } from '../core.ts';
import { accountOfArn } from '../names.ts';
import { requireTagged } from '../tag-targets.ts';
import { findTags } from '../tags.ts';

export function listTagsForResource(core: Core) {
  return operation<ListTagsForResourceRequest, ListTagsForResourceResponse>({
    name: 'ListTagsForResource',
    schema: ListTagsForResource$,
    effect: 'read',
    access: ({ resourceArn = '*' }, call) => ({
      resources: [{ arn: resourceArn, account: accountOfArn(resourceArn, call.principal.account) }],
    }),
    async handle(input, call) {
      const arn = await requireTagged(core.store, placeOf(call), input.resourceArn);
      return { tags: (await findTags(core.store, [arn])).get(arn) ?? [] };
    },
  });
}

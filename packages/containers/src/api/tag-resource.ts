// TagResource: adds tags to, or changes tags of, a resource.
import { TagResource$, type TagResourceRequest, type TagResourceResponse } from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { type Core, placeOf } from '../core.ts';
import { invalidParameter } from '../errors.ts';
import { accountOfArn } from '../names.ts';
import { requireTagTarget } from '../tag-targets.ts';
import { findTags, readTags, tagSteps } from '../tags.ts';

export function tagResource(core: Core) {
  return operation<TagResourceRequest, TagResourceResponse>({
    name: 'TagResource',
    schema: TagResource$,
    effect: 'write',
    access: ({ resourceArn = '*' }, call) => ({
      resources: [{ arn: resourceArn, account: accountOfArn(resourceArn, call.principal.account) }],
    }),
    async handle(input, call) {
      const tags = readTags(input.tags);
      if (tags.length === 0) throw invalidParameter('Tags cannot be empty.');
      const arn = await requireTagTarget(core.store, placeOf(call), input.resourceArn);
      const present = (await findTags(core.store, [arn])).get(arn) ?? [];
      const own = [...present, ...tags].map((tag) => tag.key).filter((key) => !key.startsWith('aws:'));
      if (new Set(own).size > 50) throw invalidParameter('A resource can have at most 50 tags.');
      await core.store.write(tagSteps(arn, tags));
      return {};
    },
  });
}

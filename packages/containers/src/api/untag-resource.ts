// UntagResource: removes tags of a resource by key.
import { UntagResource$, type UntagResourceRequest, type UntagResourceResponse } from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { sql, sqlList } from '@longshore/store';
import { type Core, placeOf } from '../core.ts';
import { invalidParameter } from '../errors.ts';
import { accountOfArn } from '../names.ts';
import { requireTagTarget } from '../tag-targets.ts';

export function untagResource(core: Core) {
  return operation<UntagResourceRequest, UntagResourceResponse>({
    name: 'UntagResource',
    schema: UntagResource$,
    effect: 'write',
    access: ({ resourceArn = '*' }, call) => ({
      resources: [{ arn: resourceArn, account: accountOfArn(resourceArn, call.principal.account) }],
    }),
    async handle(input, call) {
      const keys = input.tagKeys ?? [];
      if (keys.length === 0) throw invalidParameter('tagKeys cannot be empty.');
      if (keys.length > 50) throw invalidParameter('At most 50 tagKeys are allowed.');
      if (keys.some((key) => /^aws:/i.test(key)))
        throw invalidParameter('Tags with the prefix aws: cannot be removed.');
      const arn = await requireTagTarget(core.store, placeOf(call), input.resourceArn);
      await core.store.write([
        { sql: sql`DELETE FROM ecs_tags WHERE resource_arn = ${arn} AND tag_key IN (${sqlList(keys)})` },
      ]);
      return {};
    },
  });
}

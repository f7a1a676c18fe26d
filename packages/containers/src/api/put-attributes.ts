// PutAttributes: sets or replaces attributes of instances, up to ten a call.
import { PutAttributes$, type PutAttributesRequest, type PutAttributesResponse } from '@aws-sdk/client-ecs';
import { AwsError, operation } from '@longshore/aws';
import { attributeAccess, changeAttributes } from '../attributes.ts';
import type { Core } from '../core.ts';

export function putAttributes(core: Core) {
  return operation<PutAttributesRequest, PutAttributesResponse>({
    name: 'PutAttributes',
    schema: PutAttributes$,
    effect: 'write',
    access: attributeAccess,
    async handle(input, call) {
      await changeAttributes(core, call, input, (instance, news) => {
        const merged = new Map([...instance.attributes, ...news].map((each) => [each.name, each]));
        if (merged.size > 200)
          throw new AwsError('AttributeLimitExceededException', 'An instance can have at most 200 attributes.');
        return [...merged.values()];
      });
      return { attributes: [...(input.attributes ?? [])] };
    },
  });
}

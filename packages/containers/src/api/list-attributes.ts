// ListAttributes: attributes of a cluster's instances, by name and value.
import { ListAttributes$, type ListAttributesRequest, type ListAttributesResponse } from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { clusterAccess } from '../access.ts';
import { requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { invalidParameter } from '../errors.ts';
import { clusterInstances } from '../instances.ts';
import { cutPage, readPage } from '../paging.ts';

export function listAttributes(core: Core) {
  return operation<ListAttributesRequest, ListAttributesResponse>({
    name: 'ListAttributes',
    schema: ListAttributes$,
    effect: 'read',
    access: (input, call) => clusterAccess(input.cluster, call),
    async handle(input, call) {
      if (input.targetType !== 'container-instance') throw invalidParameter('targetType must be container-instance.');
      if (input.attributeValue !== undefined && !input.attributeName)
        throw invalidParameter('attributeValue needs an attributeName.');
      const cluster = await requireCluster(core.store, placeOf(call), input.cluster);
      const page = readPage(input, ['ListAttributes', cluster.arn, input.attributeName, input.attributeValue]);
      const all = (await clusterInstances(core.store, cluster.arn)).flatMap((instance) =>
        instance.attributes
          .filter((each) => !input.attributeName || each.name === input.attributeName)
          .filter((each) => input.attributeValue === undefined || each.value === input.attributeValue)
          .map((each) => ({ ...each, targetType: 'container-instance' as const, targetId: instance.arn })),
      );
      const key = (each: (typeof all)[number]) => `${each.targetId} ${each.name}`;
      const rest = all
        .toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
        .filter((each) => key(each) > page.after)
        .slice(0, page.limit + 1);
      const { items, next } = cutPage(page, rest, key);
      return { attributes: items, nextToken: next };
    },
  });
}

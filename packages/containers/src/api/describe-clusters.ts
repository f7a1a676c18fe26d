// DescribeClusters: up to 100; what is not there is a failure MISSING, not an error.
import { DescribeClusters$, type DescribeClustersRequest, type DescribeClustersResponse } from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { describeClusters as describe } from '../cluster-shape.ts';
import { type Core, placeOf } from '../core.ts';
import { clusterAccess } from '../access.ts';
import { invalidParameter } from '../errors.ts';
import { checkInclude } from '../include.ts';
import { accountOfArn, clusterArnOf, ecsArn } from '../names.ts';

export function describeClusters(core: Core) {
  return operation<DescribeClustersRequest, DescribeClustersResponse>({
    name: 'DescribeClusters',
    schema: DescribeClusters$,
    effect: 'read',
    access: (input, call) => ({
      resources: (input.clusters?.length ? input.clusters : ['default'])
        .slice(0, 100)
        .flatMap((each) => clusterAccess(each, call).resources),
    }),
    async handle(input, call) {
      checkInclude(input.include, ['ATTACHMENTS', 'CONFIGURATIONS', 'SETTINGS', 'STATISTICS', 'TAGS']);
      const references = input.clusters?.length ? input.clusters : ['default'];
      if (references.length > 100) throw invalidParameter('Clusters cannot have more than 100 entries.');
      const place = placeOf(call);
      const arns = references.map(
        (each) => clusterArnOf(place, each) ?? (each.startsWith('arn:') ? each : ecsArn(place, 'cluster', each)),
      );
      // The authorizer decides over accounts; that only one's own are looked up holds even if it were wrong.
      const own = [...new Set(arns)].filter((arn) => accountOfArn(arn, call.principal.account) === place.account);
      const clusters = await describe(core.store, own, input.include);
      const found = new Set(clusters.map((each) => each.clusterArn));
      const missing = [...new Set(arns)].filter((arn) => !found.has(arn));
      return { clusters, failures: missing.map((arn) => ({ arn, reason: 'MISSING' })) };
    },
  });
}

// PutClusterCapacityProviders: which providers a cluster has, and which strategy its launches follow if they name none.
import {
  PutClusterCapacityProviders$,
  type PutClusterCapacityProvidersRequest,
  type PutClusterCapacityProvidersResponse,
} from '@aws-sdk/client-ecs';
import { AwsError, operation } from '@longshore/aws';
import { clusterAccess } from '../access.ts';
import { describeClusters } from '../cluster-shape.ts';
import { replaceClusterDocument, requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { readClusterProviders } from '../providers/cluster.ts';
import { busyProvider } from '../providers/clusters-with.ts';

export function putClusterCapacityProviders(core: Core) {
  return operation<PutClusterCapacityProvidersRequest, PutClusterCapacityProvidersResponse>({
    name: 'PutClusterCapacityProviders',
    schema: PutClusterCapacityProviders$,
    effect: 'write',
    access: (input, call) => clusterAccess(input.cluster, call),
    async handle(input, call) {
      const place = placeOf(call);
      const arn = await core.store.update(async (view) => {
        const cluster = await requireCluster(view, place, input.cluster);
        const read = await readClusterProviders(view, place, input);
        const removed = (cluster.document.capacityProviders ?? []).filter(
          (each) => !read.capacityProviders.includes(each),
        );
        const busy = await busyProvider(view, cluster.arn, removed);
        if (busy !== undefined)
          throw new AwsError(
            'ResourceInUseException',
            `The specified capacity provider is in use and cannot be removed: ${busy}. Stop its tasks and try again.`,
          );
        return { steps: [replaceClusterDocument(cluster, { ...cluster.document, ...read })], result: cluster.arn };
      });
      core.wakeKeeper();
      const [cluster] = await describeClusters(core.store, [arn], ['CONFIGURATIONS', 'SETTINGS', 'TAGS']);
      return { cluster };
    },
  });
}

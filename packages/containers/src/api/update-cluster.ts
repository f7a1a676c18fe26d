// UpdateCluster: settings and configuration; what is left out stays as it is.
import { UpdateCluster$, type UpdateClusterRequest, type UpdateClusterResponse } from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { clusterAccess } from '../access.ts';
import { describeClusters } from '../cluster-shape.ts';
import { noServiceConnect, readClusterConfiguration, readClusterSettings } from '../cluster-settings.ts';
import { replaceClusterDocument, requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';

export function updateCluster(core: Core) {
  return operation<UpdateClusterRequest, UpdateClusterResponse>({
    name: 'UpdateCluster',
    schema: UpdateCluster$,
    effect: 'write',
    access: (input, call) => clusterAccess(input.cluster, call),
    async handle(input, call) {
      if (input.serviceConnectDefaults !== undefined) throw noServiceConnect();
      const settings = input.settings === undefined ? undefined : readClusterSettings(input.settings);
      const configuration = readClusterConfiguration(input.configuration);
      const arn = await core.store.update(async (view) => {
        const cluster = await requireCluster(view, placeOf(call), input.cluster);
        const document = {
          ...cluster.document,
          ...(settings?.length && { settings }),
          ...(configuration && { configuration }),
        };
        return { steps: [replaceClusterDocument(cluster, document)], result: cluster.arn };
      });
      const [cluster] = await describeClusters(core.store, [arn], ['CONFIGURATIONS', 'SETTINGS', 'TAGS']);
      return { cluster };
    },
  });
}

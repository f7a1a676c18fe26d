// UpdateClusterSettings: the older operation for the settings alone.
import {
  UpdateClusterSettings$,
  type UpdateClusterSettingsRequest,
  type UpdateClusterSettingsResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { clusterAccess } from '../access.ts';
import { describeClusters } from '../cluster-shape.ts';
import { readClusterSettings } from '../cluster-settings.ts';
import { replaceClusterDocument, requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { invalidParameter } from '../errors.ts';

export function updateClusterSettings(core: Core) {
  return operation<UpdateClusterSettingsRequest, UpdateClusterSettingsResponse>({
    name: 'UpdateClusterSettings',
    schema: UpdateClusterSettings$,
    effect: 'write',
    access: (input, call) => clusterAccess(input.cluster, call),
    async handle(input, call) {
      const settings = readClusterSettings(input.settings);
      if (settings.length === 0) throw invalidParameter('Settings cannot be empty.');
      const arn = await core.store.update(async (view) => {
        const cluster = await requireCluster(view, placeOf(call), input.cluster);
        const step = replaceClusterDocument(cluster, { ...cluster.document, settings });
        return { steps: [step], result: cluster.arn };
      });
      const [cluster] = await describeClusters(core.store, [arn], ['SETTINGS']);
      return { cluster };
    },
  });
}

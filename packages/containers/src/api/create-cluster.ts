// CreateCluster: idempotent; an active cluster of that name is answered as it is.
import { CreateCluster$, type CreateClusterRequest, type CreateClusterResponse } from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { clusterAccess } from '../access.ts';
import { describeClusters } from '../cluster-shape.ts';
import { saveNewCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { invalidParameter, unsupported } from '../errors.ts';
import { checkName, ecsArn } from '../names.ts';
import { readTags, tagSteps } from '../tags.ts';

export function createCluster(core: Core) {
  return operation<CreateClusterRequest, CreateClusterResponse>({
    name: 'CreateCluster',
    schema: CreateCluster$,
    effect: 'write',
    access: (input, call) => clusterAccess(input.clusterName, call),
    async handle(input, call) {
      const name = checkName('Cluster name', input.clusterName ?? 'default');
      if ((input.capacityProviders?.length ?? 0) > 0 || (input.defaultCapacityProviderStrategy?.length ?? 0) > 0)
        throw unsupported('A cluster with capacity providers', 'Register container instances instead.');
      if (input.serviceConnectDefaults !== undefined) throw unsupported('Service Connect');
      const settings = input.settings ?? [];
      for (const setting of settings)
        if (setting.name !== 'containerInsights')
          throw invalidParameter('The only cluster setting is containerInsights.');
      const tags = readTags(input.tags);
      const place = placeOf(call);
      const arn = ecsArn(place, 'cluster', name);
      await core.store.write([saveNewCluster(place, name, { settings }, call.now), ...tagSteps(arn, tags)]);
      const [cluster] = await describeClusters(core.store, [arn], ['SETTINGS', 'TAGS']);
      return { cluster };
    },
  });
}

// CreateCluster: idempotent; an active cluster of that name is answered as it is.
import {
  type ClusterSetting,
  CreateCluster$,
  type CreateClusterRequest,
  type CreateClusterResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { clusterAccess } from '../access.ts';
import { effectiveSettings } from '../account-settings.ts';
import { noServiceConnect, readClusterConfiguration, readClusterSettings } from '../cluster-settings.ts';
import { describeClusters } from '../cluster-shape.ts';
import { saveNewCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { checkName, ecsArn, type Place } from '../names.ts';
import { readClusterProviders } from '../providers/cluster.ts';
import { authorizeTags } from '../tag-access.ts';
import { readTags, tagSteps } from '../tags.ts';

/** The account setting containerInsights decides where the caller does not. */
async function usualSettings(core: Core, place: Place, principal: string): Promise<ClusterSetting[]> {
  const effective = await effectiveSettings(core.store, place, principal);
  const value = effective.find((each) => each.name === 'containerInsights')?.value ?? 'disabled';
  return [{ name: 'containerInsights', value: value === 'on' ? 'enabled' : value === 'off' ? 'disabled' : value }];
}

export function createCluster(core: Core) {
  return operation<CreateClusterRequest, CreateClusterResponse>({
    name: 'CreateCluster',
    schema: CreateCluster$,
    effect: 'write',
    access: (input, call) => clusterAccess(input.clusterName, call),
    async handle(input, call) {
      const name = checkName('Cluster name', input.clusterName ?? 'default');
      if (input.serviceConnectDefaults !== undefined) throw noServiceConnect();
      const given = readClusterSettings(input.settings);
      const configuration = readClusterConfiguration(input.configuration);
      const tags = readTags(input.tags);
      const place = placeOf(call);
      const arn = ecsArn(place, 'cluster', name);
      await authorizeTags(core, call, 'CreateCluster', tags, [arn]);
      const settings = given.length > 0 ? given : await usualSettings(core, place, call.principal.arn);
      const providers = await readClusterProviders(core.store, place, input);
      const document = { settings, ...(configuration && { configuration }), ...providers };
      await core.store.write([saveNewCluster(place, name, document, call.now), ...tagSteps(arn, tags)]);
      const [cluster] = await describeClusters(core.store, [arn], ['CONFIGURATIONS', 'SETTINGS', 'TAGS']);
      return { cluster };
    },
  });
}

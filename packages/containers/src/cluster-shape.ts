// Clusters as the API shows them.
import type { Cluster } from '@aws-sdk/client-ecs';
import type { View } from '@longshore/store';
import { clusterStatistics } from './cluster-statistics.ts';
import { countClusters, findClusters } from './clusters.ts';
import { findTags } from './tags.ts';

/** The clusters that exist, with what `include` asks for (ATTACHMENTS, CONFIGURATIONS, SETTINGS, STATISTICS, TAGS). */
export async function describeClusters(
  view: View,
  arns: readonly string[],
  include: readonly string[] | undefined,
): Promise<Cluster[]> {
  const clusters = await findClusters(view, arns);
  const found = clusters.map((each) => each.arn);
  const [counts, tags, statistics] = await Promise.all([
    countClusters(view, found),
    include?.includes('TAGS') ? findTags(view, found) : new Map<string, []>(),
    clusterStatistics(view, include?.includes('STATISTICS') ? found : []),
  ]);
  return clusters.map((cluster) => {
    const mine = counts.get(cluster.arn);
    return {
      clusterArn: cluster.arn,
      clusterName: cluster.name,
      status: cluster.status,
      registeredContainerInstancesCount: mine?.instances ?? 0,
      runningTasksCount: mine?.running ?? 0,
      pendingTasksCount: mine?.pending ?? 0,
      activeServicesCount: mine?.services ?? 0,
      statistics: statistics.get(cluster.arn) ?? [],
      tags: (tags.get(cluster.arn) ?? []).map((each) => ({ ...each })),
      settings: include?.includes('SETTINGS') ? [...cluster.document.settings] : [],
      ...(include?.includes('CONFIGURATIONS') &&
        cluster.document.configuration && { configuration: cluster.document.configuration }),
      capacityProviders: [...(cluster.document.capacityProviders ?? [])],
      defaultCapacityProviderStrategy: (cluster.document.defaultStrategy ?? []).map((each) => ({ ...each })),
    };
  });
}

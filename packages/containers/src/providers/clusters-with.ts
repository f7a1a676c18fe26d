// Where a capacity provider is in use: the clusters that have it, and the tasks that run by it.
import { sql, type View } from '@longshore/store';
import { type ClusterRecord, findClusters } from '../clusters.ts';
import { lastPart } from '../names.ts';
import type { ProviderRecord } from './records.ts';

/** Active clusters of the provider's account that have it. */
export async function clustersWithProvider(
  view: View,
  provider: Pick<ProviderRecord, 'account' | 'name'>,
): Promise<ClusterRecord[]> {
  // Narrowed by the quoted name, decided on the document.
  const rows = await view.all<{ arn: string }>(
    sql`SELECT arn FROM ecs_clusters WHERE account = ${provider.account} AND status = 'ACTIVE'
      AND document LIKE ${`%"${provider.name.replace(/_/g, '\\_')}"%`} ESCAPE '\\'`,
  );
  const clusters = await findClusters(
    view,
    rows.map((row) => row.arn),
  );
  return clusters.filter((each) => each.document.capacityProviders?.includes(provider.name));
}

/** Clusters for which machines of the provider were asked for, whether they have the provider still or not. */
export async function clustersWithMachines(view: View, providerArn: string): Promise<ClusterRecord[]> {
  const rows = await view.all<{ cluster_arn: string }>(
    sql`SELECT DISTINCT cluster_arn FROM ecs_machines WHERE provider_arn = ${providerArn}`,
  );
  return findClusters(
    view,
    rows.map((row) => row.cluster_arn),
  );
}

/** One of `names` by which a service of the cluster is to run, or a task runs. */
export async function busyProvider(
  view: View,
  clusterArn: string,
  names: readonly string[],
): Promise<string | undefined> {
  for (const name of names) {
    const pattern = `%"capacityProvider%":"${name.replace(/_/g, '\\_')}"%`;
    const task = await view.get<{ arn: string }>(
      sql`SELECT arn FROM ecs_tasks WHERE cluster_arn = ${clusterArn} AND last_status <> 'STOPPED'
        AND document LIKE ${pattern} ESCAPE '\\' LIMIT 1`,
    );
    const service = await view.get<{ arn: string }>(
      sql`SELECT arn FROM ecs_services WHERE cluster_arn = ${clusterArn} AND status = 'ACTIVE'
        AND document LIKE ${pattern} ESCAPE '\\' LIMIT 1`,
    );
    if (task !== undefined || service !== undefined) return lastPart(name);
  }
  return undefined;
}

// DeleteCluster: only an empty one. It becomes INACTIVE and can be made active again under its name.
import { DeleteCluster$, type DeleteClusterRequest, type DeleteClusterResponse } from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { sql } from '@longshore/store';
import { clusterAccess } from '../access.ts';
import { describeClusters } from '../cluster-shape.ts';
import { countClusters, requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { ecsErrors } from '../errors.ts';
import { forgetTagsStep } from '../tags.ts';

export function deleteCluster(core: Core) {
  return operation<DeleteClusterRequest, DeleteClusterResponse>({
    name: 'DeleteCluster',
    schema: DeleteCluster$,
    effect: 'write',
    access: (input, call) => clusterAccess(input.cluster, call),
    async handle(input, call) {
      const arn = await core.store.update(async (view) => {
        const cluster = await requireCluster(view, placeOf(call), input.cluster);
        const counts = (await countClusters(view, [cluster.arn])).get(cluster.arn);
        const draining = await view.get<{ n: number }>(
          sql`SELECT COUNT(*) AS n FROM ecs_services WHERE cluster_arn = ${cluster.arn} AND status <> 'INACTIVE'`,
        );
        const tasks = await view.get<{ n: number }>(
          sql`SELECT COUNT(*) AS n FROM ecs_tasks WHERE cluster_arn = ${cluster.arn} AND last_status <> 'STOPPED'`,
        );
        if ((counts?.instances ?? 0) > 0) throw ecsErrors.clusterHasInstances();
        if (Number(draining?.n ?? 0) > 0) throw ecsErrors.clusterHasServices();
        if (Number(tasks?.n ?? 0) > 0) throw ecsErrors.clusterHasTasks();
        // Whatever is put into the cluster meanwhile raises its version: then this is planned again.
        const step = {
          sql: sql`UPDATE ecs_clusters SET status = 'INACTIVE', version = version + 1
            WHERE arn = ${cluster.arn} AND status = 'ACTIVE' AND version = ${cluster.version}`,
          expect: 1,
        };
        return { steps: [step, forgetTagsStep(cluster.arn)], result: cluster.arn };
      });
      const [cluster] = await describeClusters(core.store, [arn], undefined);
      return { cluster };
    },
  });
}

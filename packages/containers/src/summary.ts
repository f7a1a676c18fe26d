// Counts of an account, for `longshore status`.
import { sql, type View } from '@longshore/store';
import type { Containers } from './types.ts';

export async function summaryOf(view: View, account: string): ReturnType<Containers['summary']> {
  const count = async (query: ReturnType<typeof sql>) => Number((await view.get<{ n: number }>(query))?.n ?? 0);
  // By cluster, of whose live tasks there is an index: no task is read.
  const live = sql`cluster_arn IN (SELECT arn FROM ecs_clusters WHERE account = ${account}) AND last_status <> 'STOPPED'`;
  const [clusters, instances, connectedInstances, runningTasks, pendingTasks, services] = await Promise.all([
    count(sql`SELECT COUNT(*) AS n FROM ecs_clusters WHERE account = ${account} AND status = 'ACTIVE'`),
    count(sql`SELECT COUNT(*) AS n FROM ecs_instances WHERE account = ${account} AND status <> 'INACTIVE'`),
    count(sql`SELECT COUNT(*) AS n FROM ecs_instances WHERE account = ${account} AND connected = 1`),
    count(sql`SELECT COUNT(*) AS n FROM ecs_tasks WHERE ${live} AND last_status = 'RUNNING'`),
    count(
      sql`SELECT COUNT(*) AS n FROM ecs_tasks WHERE ${live} AND last_status IN ('PROVISIONING', 'PENDING', 'ACTIVATING')`,
    ),
    count(sql`SELECT COUNT(*) AS n FROM ecs_services WHERE account = ${account} AND status = 'ACTIVE'`),
  ]);
  return { clusters, instances, connectedInstances, runningTasks, pendingTasks, services };
}

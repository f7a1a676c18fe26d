// The statistics of a cluster (`include: STATISTICS`): its tasks and services by launch type, as ECS names the figures.
import type { KeyValuePair } from '@aws-sdk/client-ecs';
import { sql, sqlList, type View } from '@longshore/store';

/** There is no Fargate here; ECS shows its noughts too. */
const kinds = { EC2: 'EC2', FARGATE: 'Fargate', EXTERNAL: 'External' } as const;
const pendingStates = new Set(['PROVISIONING', 'PENDING', 'ACTIVATING']);

interface Count {
  readonly cluster_arn: string;
  readonly launch_type: string;
  readonly status: string;
  readonly n: number;
}

/** By cluster ARN, in two queries whatever the number of clusters. */
export async function clusterStatistics(view: View, arns: readonly string[]): Promise<Map<string, KeyValuePair[]>> {
  if (arns.length === 0) return new Map();
  const [tasks, services] = await Promise.all([
    view.all<Count>(sql`SELECT cluster_arn, launch_type, last_status AS status, COUNT(*) AS n FROM ecs_tasks
      WHERE cluster_arn IN (${sqlList(arns)}) AND last_status <> 'STOPPED'
      GROUP BY cluster_arn, launch_type, last_status`),
    view.all<Count>(sql`SELECT cluster_arn, launch_type, status, COUNT(*) AS n FROM ecs_services
      WHERE cluster_arn IN (${sqlList(arns)}) AND status <> 'INACTIVE' GROUP BY cluster_arn, launch_type, status`),
  ]);
  const total = (counts: readonly Count[], arn: string, type: string, fits: (status: string) => boolean): string =>
    String(
      counts
        .filter((each) => each.cluster_arn === arn && each.launch_type === type && fits(each.status))
        .reduce((sum, each) => sum + Number(each.n), 0),
    );
  const figures = (arn: string): KeyValuePair[] =>
    Object.entries(kinds).flatMap(([type, kind]) => [
      { name: `running${kind}TasksCount`, value: total(tasks, arn, type, (status) => status === 'RUNNING') },
      { name: `pending${kind}TasksCount`, value: total(tasks, arn, type, (status) => pendingStates.has(status)) },
      { name: `active${kind}ServiceCount`, value: total(services, arn, type, (status) => status === 'ACTIVE') },
      { name: `draining${kind}ServiceCount`, value: total(services, arn, type, (status) => status === 'DRAINING') },
    ]);
  return new Map(arns.map((arn) => [arn, figures(arn)]));
}

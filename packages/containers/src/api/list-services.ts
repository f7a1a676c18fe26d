// ListServices: ARNs of a cluster's services, ten a page where the caller does not say.
import { ListServices$, type ListServicesRequest, type ListServicesResponse } from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { sql, sqlAnd } from '@longshore/store';
import { clusterAccess } from '../access.ts';
import { requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { checkOneOf } from '../errors.ts';
import { cutPage, readPage } from '../paging.ts';

export function listServices(core: Core) {
  return operation<ListServicesRequest, ListServicesResponse>({
    name: 'ListServices',
    schema: ListServices$,
    effect: 'read',
    access: (input, call) => clusterAccess(input.cluster, call),
    async handle(input, call) {
      const cluster = await requireCluster(core.store, placeOf(call), input.cluster);
      const { launchType, schedulingStrategy } = input;
      checkOneOf('launchType', launchType, ['EC2', 'FARGATE', 'EXTERNAL', 'MANAGED_INSTANCES']);
      checkOneOf('schedulingStrategy', schedulingStrategy, ['REPLICA', 'DAEMON']);
      const page = readPage(input, ['ListServices', cluster.arn, launchType, schedulingStrategy], 10);
      const conditions = [sql`cluster_arn = ${cluster.arn}`, sql`status <> 'INACTIVE'`, sql`arn > ${page.after}`];
      if (schedulingStrategy !== undefined) conditions.push(sql`daemon = ${schedulingStrategy === 'DAEMON' ? 1 : 0}`);
      if (launchType !== undefined) conditions.push(sql`launch_type = ${launchType}`);
      const rows = await core.store.all<{ arn: string }>(
        sql`SELECT arn FROM ecs_services WHERE ${sqlAnd(conditions)} ORDER BY arn LIMIT ${page.limit + 1}`,
      );
      const { items, next } = cutPage(page, rows, (row) => row.arn);
      return { serviceArns: items.map((row) => row.arn), nextToken: next };
    },
  });
}

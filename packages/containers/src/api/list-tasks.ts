// ListTasks: ARNs of tasks of a cluster by desired status (RUNNING where left out), with at most one kind of filter.
import { ListTasks$, type ListTasksRequest, type ListTasksResponse } from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { sql, sqlAnd } from '@longshore/store';
import { clusterAccess } from '../access.ts';
import { requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { checkOneOf, ecsErrors, invalidParameter } from '../errors.ts';
import { findInstance } from '../instances.ts';
import { inClusterArn } from '../names.ts';
import { cutPage, readPage } from '../paging.ts';
import { findService } from '../services/rows.ts';

export function listTasks(core: Core) {
  return operation<ListTasksRequest, ListTasksResponse>({
    name: 'ListTasks',
    schema: ListTasks$,
    effect: 'read',
    access: (input, call) => clusterAccess(input.cluster, call),
    async handle(input, call) {
      const { nextToken: _, maxResults: __, ...query } = input;
      const cluster = await requireCluster(core.store, placeOf(call), input.cluster);
      const page = readPage(input, ['ListTasks', cluster.arn, query]);
      const desired = input.desiredStatus ?? 'RUNNING';
      if (!['RUNNING', 'PENDING', 'STOPPED'].includes(desired))
        throw invalidParameter('desiredStatus must be RUNNING, PENDING or STOPPED.');
      checkOneOf('launchType', input.launchType, ['EC2', 'FARGATE', 'EXTERNAL', 'MANAGED_INSTANCES']);
      const others = [input.family, input.serviceName, input.containerInstance].filter(Boolean);
      if (input.startedBy && others.length > 0)
        throw invalidParameter('When you specify startedBy, it must be the only filter.');
      // A task is never desired to be PENDING: as in ECS, that filter finds nothing.
      const conditions = [
        sql`cluster_arn = ${cluster.arn}`,
        sql`desired_status = ${desired}`,
        sql`arn > ${page.after}`,
      ];
      if (input.startedBy) conditions.push(sql`started_by = ${input.startedBy} AND started_by <> ''`);
      if (input.family) conditions.push(sql`family = ${input.family}`);
      if (input.launchType) conditions.push(sql`launch_type = ${input.launchType}`);
      if (input.serviceName) {
        const arn = inClusterArn('service', cluster.arn, input.serviceName);
        if ((await findService(core.store, arn))?.clusterArn !== cluster.arn) throw ecsErrors.serviceNotFound();
        conditions.push(sql`service_arn = ${arn} AND service_arn <> ''`);
      }
      if (input.containerInstance) {
        const arn = inClusterArn('container-instance', cluster.arn, input.containerInstance);
        if ((await findInstance(core.store, arn))?.clusterArn !== cluster.arn) throw ecsErrors.instanceNotFound();
        conditions.push(sql`instance_arn = ${arn}`);
      }
      const rows = await core.store.all<{ arn: string }>(
        sql`SELECT arn FROM ecs_tasks WHERE ${sqlAnd(conditions)} ORDER BY arn LIMIT ${page.limit + 1}`,
      );
      const { items, next } = cutPage(page, rows, (row) => row.arn);
      return { taskArns: items.map((row) => row.arn), nextToken: next };
    },
  });
}

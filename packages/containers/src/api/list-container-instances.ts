// ListContainerInstances: ARNs of a cluster's instances that are ACTIVE or DRAINING.
import {
  ListContainerInstances$,
  type ListContainerInstancesRequest,
  type ListContainerInstancesResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { sql, sqlAnd } from '@longshore/store';
import { clusterAccess } from '../access.ts';
import { requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { invalidParameter, unsupported } from '../errors.ts';
import { cutPage, readPage } from '../paging.ts';

const statuses = ['ACTIVE', 'DRAINING', 'REGISTERING', 'DEREGISTERING', 'REGISTRATION_FAILED'];

export function listContainerInstances(core: Core) {
  return operation<ListContainerInstancesRequest, ListContainerInstancesResponse>({
    name: 'ListContainerInstances',
    schema: ListContainerInstances$,
    effect: 'read',
    access: (input, call) => clusterAccess(input.cluster, call),
    async handle(input, call) {
      if (input.filter)
        throw unsupported('Filtering container instances by an expression of the cluster query language');
      if (input.status !== undefined && !statuses.includes(input.status))
        throw invalidParameter(`status must be one of: ${statuses.join(', ')}.`);
      const cluster = await requireCluster(core.store, placeOf(call), input.cluster);
      const page = readPage(input, ['ListContainerInstances', cluster.arn, input.status]);
      const wanted = input.status === undefined ? sql`status IN ('ACTIVE', 'DRAINING')` : sql`status = ${input.status}`;
      const conditions = [sql`cluster_arn = ${cluster.arn}`, wanted, sql`arn > ${page.after}`];
      const rows = await core.store.all<{ arn: string }>(
        sql`SELECT arn FROM ecs_instances WHERE ${sqlAnd(conditions)} ORDER BY arn LIMIT ${page.limit + 1}`,
      );
      const { items, next } = cutPage(page, rows, (row) => row.arn);
      return { containerInstanceArns: items.map((row) => row.arn), nextToken: next };
    },
  });
}

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
import { invalidParameter } from '../errors.ts';
import { cutPage, readPage } from '../paging.ts';
import { selectInstances } from '../placement/filter.ts';
import { compileConstraint } from '../placement/language/compile.ts';

const statuses = ['ACTIVE', 'DRAINING', 'REGISTERING', 'DEREGISTERING', 'REGISTRATION_FAILED'];

export function listContainerInstances(core: Core) {
  return operation<ListContainerInstancesRequest, ListContainerInstancesResponse>({
    name: 'ListContainerInstances',
    schema: ListContainerInstances$,
    effect: 'read',
    access: (input, call) => clusterAccess(input.cluster, call),
    async handle(input, call) {
      const filter = input.filter ? compileConstraint(input.filter) : undefined;
      if (input.status !== undefined && !statuses.includes(input.status))
        throw invalidParameter(`status must be one of: ${statuses.join(', ')}.`);
      const cluster = await requireCluster(core.store, placeOf(call), input.cluster);
      const page = readPage(input, ['ListContainerInstances', cluster.arn, input.status, input.filter]);
      const wanted = input.status === undefined ? sql`status IN ('ACTIVE', 'DRAINING')` : sql`status = ${input.status}`;
      const asked = { after: page.after, limit: page.limit + 1 };
      if (filter !== undefined) {
        const selected = await selectInstances(core.store, cluster.arn, wanted, filter, asked);
        const { items, next } = cutPage(page, selected, (row) => row.arn);
        return { containerInstanceArns: items.map((row) => row.arn), nextToken: next };
      }
      const conditions = [sql`cluster_arn = ${cluster.arn}`, wanted, sql`arn > ${page.after}`];
      const rows = await core.store.all<{ arn: string }>(
        sql`SELECT arn FROM ecs_instances WHERE ${sqlAnd(conditions)} ORDER BY arn LIMIT ${page.limit + 1}`,
      );
      const { items, next } = cutPage(page, rows, (row) => row.arn);
      return { containerInstanceArns: items.map((row) => row.arn), nextToken: next };
    },
  });
}

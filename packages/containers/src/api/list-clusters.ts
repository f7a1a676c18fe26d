// ListClusters: the active clusters of the caller's account, by ARN.
import { ListClusters$, type ListClustersRequest, type ListClustersResponse } from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { sql } from '@longshore/store';
import { anyAccess } from '../access.ts';
import { type Core, placeOf } from '../core.ts';
import { cutPage, readPage } from '../paging.ts';

export function listClusters(core: Core) {
  return operation<ListClustersRequest, ListClustersResponse>({
    name: 'ListClusters',
    schema: ListClusters$,
    effect: 'read',
    access: anyAccess,
    async handle(input, call) {
      const { account } = placeOf(call);
      const page = readPage(input, ['ListClusters', account]);
      const rows = await core.store.all<{ arn: string }>(
        sql`SELECT arn FROM ecs_clusters WHERE account = ${account} AND status = 'ACTIVE' AND arn > ${page.after}
          ORDER BY arn LIMIT ${page.limit + 1}`,
      );
      const { items, next } = cutPage(page, rows, (row) => row.arn);
      return { clusterArns: items.map((row) => row.arn), nextToken: next };
    },
  });
}

// ListServiceDeployments: the service deployments of one service, newest first.
import {
  ListServiceDeployments$,
  type ListServiceDeploymentsRequest,
  type ListServiceDeploymentsResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { sql, sqlAnd, sqlList } from '@longshore/store';
import { memberAccess } from '../access.ts';
import { requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { ecsErrors, invalidParameter } from '../errors.ts';
import { inClusterArn } from '../names.ts';
import { cutPage, readPage } from '../paging.ts';
import { shapeBrief } from '../services/rollout-shape.ts';
import { findRollouts, type RolloutRecord } from '../services/rollouts.ts';
import { findService } from '../services/rows.ts';

const statuses: ReadonlySet<string> = new Set([
  'PENDING',
  'SUCCESSFUL',
  'STOPPED',
  'STOP_REQUESTED',
  'IN_PROGRESS',
  'ROLLBACK_REQUESTED',
  'ROLLBACK_IN_PROGRESS',
  'ROLLBACK_SUCCESSFUL',
  'ROLLBACK_FAILED',
]);

/** Newest first, so the key of a page is the time and, within a millisecond, the ARN. */
function keyOf({ rollout }: RolloutRecord): string {
  return `${rollout.createdAt} ${rollout.arn}`;
}

export function listServiceDeployments(core: Core) {
  return operation<ListServiceDeploymentsRequest, ListServiceDeploymentsResponse>({
    name: 'ListServiceDeployments',
    schema: ListServiceDeployments$,
    effect: 'read',
    access: (input, call) => memberAccess('service', input.cluster, [input.service], call),
    async handle(input, call) {
      const cluster = await requireCluster(core.store, placeOf(call), input.cluster);
      const arn = inClusterArn('service', cluster.arn, input.service ?? '');
      const service = await findService(core.store, arn);
      if (service === undefined || service.clusterArn !== cluster.arn) throw ecsErrors.serviceNotFound();
      const wanted = [...new Set(input.status ?? [])];
      const wrong = wanted.find((each) => !statuses.has(each));
      if (wrong !== undefined) throw invalidParameter(`status ${wrong.slice(0, 40)} is none of a service deployment.`);
      const { before, after } = input.createdAt ?? {};
      const page = readPage(input, ['ListServiceDeployments', arn, wanted.toSorted(), before, after], 20);
      const conditions = [sql`service_arn = ${arn}`];
      if (wanted.length > 0) conditions.push(sql`status IN (${sqlList(wanted)})`);
      if (before !== undefined) conditions.push(sql`created_at < ${before.getTime()}`);
      if (after !== undefined) conditions.push(sql`created_at > ${after.getTime()}`);
      if (page.after !== '') {
        const [time = '0', last = ''] = page.after.split(' ');
        conditions.push(sql`(created_at < ${Number(time)} OR (created_at = ${Number(time)} AND arn > ${last}))`);
      }
      const found = await findRollouts(core.store, sqlAnd(conditions), page.limit + 1);
      const { items, next } = cutPage(page, found, keyOf);
      return { serviceDeployments: items.map(shapeBrief), nextToken: next };
    },
  });
}

// Forgetting: STOPPED tasks stay visible for an hour (as ECS promises at least), tokens until they expire, services that
// were deleted for a day, service deployments for ninety. In bounded batches, so that no write holds the store for long.
import { type LoopService, loopService } from '@longshore/base';
import { sql, sqlList } from '@longshore/store';
import type { Core } from './core.ts';
import { sweepDefinitions } from './definition-sweep.ts';

const everyMs = 60_000;
const stoppedTaskMs = 65 * 60_000;
const inactiveServiceMs = 24 * 3600_000;
/** Service deployments stay visible for ninety days, as in ECS. */
const historyMs = 90 * 24 * 3600_000;
const batch = 500;

/** One batch. Resolves to whether there may be more. */
export async function forgetOnce(core: Pick<Core, 'store'>, now: number): Promise<boolean> {
  const { store } = core;
  const tasks = await store.all<{ arn: string }>(
    sql`SELECT arn FROM ecs_tasks WHERE last_status = 'STOPPED' AND stopped_at < ${now - stoppedTaskMs}
        AND settled = 1 ORDER BY stopped_at LIMIT ${batch}`,
  );
  const tokens = await store.all<{ scope: string }>(
    sql`SELECT scope FROM ecs_tokens WHERE expires_at <= ${now} ORDER BY expires_at LIMIT ${batch}`,
  );
  const services = await store.all<{ arn: string }>(
    sql`SELECT arn FROM ecs_services WHERE status = 'INACTIVE' AND updated_at < ${now - inactiveServiceMs} LIMIT ${batch}`,
  );
  const history = await store.all<{ arn: string }>(
    sql`SELECT arn FROM ecs_service_deployments WHERE created_at < ${now - historyMs}
        AND status IN ('SUCCESSFUL', 'STOPPED', 'ROLLBACK_SUCCESSFUL', 'ROLLBACK_FAILED') LIMIT ${batch}`,
  );
  const arns = tasks.map((each) => each.arn);
  const gone = services.map((each) => each.arn);
  const steps = [
    ...(arns.length > 0
      ? [
          { sql: sql`DELETE FROM ecs_tasks WHERE arn IN (${sqlList(arns)}) AND last_status = 'STOPPED'` },
          { sql: sql`DELETE FROM ecs_tags WHERE resource_arn IN (${sqlList(arns)})` },
        ]
      : []),
    ...(tokens.length > 0
      ? [
          {
            sql: sql`DELETE FROM ecs_tokens WHERE scope IN (${sqlList(tokens.map((each) => each.scope))})
              AND expires_at <= ${now}`,
          },
        ]
      : []),
    ...(gone.length > 0
      ? [
          { sql: sql`DELETE FROM ecs_services WHERE arn IN (${sqlList(gone)}) AND status = 'INACTIVE'` },
          {
            sql: sql`DELETE FROM ecs_service_deployments WHERE service_arn IN (${sqlList(gone)})
              AND NOT EXISTS (SELECT 1 FROM ecs_services s WHERE s.arn = service_arn)`,
          },
          {
            sql: sql`DELETE FROM ecs_service_revisions WHERE service_arn IN (${sqlList(gone)})
              AND NOT EXISTS (SELECT 1 FROM ecs_services s WHERE s.arn = service_arn)`,
          },
        ]
      : []),
    ...(history.length > 0
      ? [{ sql: sql`DELETE FROM ecs_service_deployments WHERE arn IN (${sqlList(history.map((each) => each.arn))})` }]
      : []),
  ];
  if (steps.length > 0) await store.write(steps);
  return Math.max(arns.length, tokens.length, gone.length, history.length) === batch;
}

export function forgetting(core: Core): LoopService {
  return loopService({
    id: 'container task forgetting',
    everyMs,
    log: core.log,
    clock: core.clock,
    async step({ signal }) {
      while (!signal.aborted && (await forgetOnce(core, core.clock.now())));
      let last: string | undefined = '';
      while (!signal.aborted && last !== undefined) last = await sweepDefinitions(core, last);
    },
  });
}

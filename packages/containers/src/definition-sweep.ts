// The end of deleted task definitions: a revision that is DELETE_IN_PROGRESS goes once no task runs with it and no service
// names it. Its row stays, empty, so that its number is never given again (as in ECS).
import { type Step, sql, sqlList } from '@longshore/store';
import type { Core } from './core.ts';
import { forgetTagsStep } from './tags.ts';

const batch = 100;

/** One batch after `last`. Resolves to the last revision that was looked at; undefined when there are no more. */
export async function sweepDefinitions(core: Pick<Core, 'store'>, last = ''): Promise<string | undefined> {
  const asked = await core.store.all<{ arn: string; named: number }>(
    sql`SELECT arn, CASE WHEN EXISTS (SELECT 1 FROM ecs_services s WHERE s.account = d.account
          AND s.status <> 'INACTIVE' AND (s.definition_arn = d.arn OR s.document LIKE '%"' || d.arn || '"%'))
          OR EXISTS (SELECT 1 FROM ecs_task_sets t WHERE t.account = d.account AND t.document LIKE '%"' || d.arn || '"%')
        THEN 1 ELSE 0 END AS named
      FROM ecs_task_definitions d WHERE status = 'DELETE_IN_PROGRESS' AND arn > ${last} ORDER BY arn LIMIT ${batch}`,
  );
  if (asked.length === 0) return undefined;
  const unnamed = asked.filter((row) => Number(row.named) === 0).map((row) => row.arn);
  // No task can begin to use one of them: only ACTIVE ones are started, but for the services that were just asked.
  const used = new Set(
    unnamed.length === 0
      ? []
      : (
          await core.store.all<{ arn: string }>(
            sql`SELECT DISTINCT definition_arn AS arn FROM ecs_tasks
              WHERE last_status <> 'STOPPED' AND definition_arn IN (${sqlList(unnamed)})`,
          )
        ).map((row) => row.arn),
  );
  const steps = unnamed
    .filter((arn) => !used.has(arn))
    .flatMap((arn): Step[] => [
      {
        sql: sql`UPDATE ecs_task_definitions SET status = 'DELETED', document = '{}'
          WHERE arn = ${arn} AND status = 'DELETE_IN_PROGRESS'`,
      },
      forgetTagsStep(arn),
    ]);
  if (steps.length > 0) await core.store.write(steps);
  return asked.length < batch ? undefined : asked.at(-1)?.arn;
}

// What the store knows of deliveries: tasks whose agent must still be told, offers (written before a frame goes out) and
// acknowledgements.
import { ConflictError, type Sql, sql, sqlAnd, sqlList, type Step, type Store, type View } from '@longshore/store';
import type { AcsTaskIdentifier } from '@longshore/aws';
import type { DefinitionRecord } from '../definitions.ts';
import { paddedList } from '../padded-list.ts';
import { type DesiredStatus, findTasks, type TaskRecord } from '../tasks.ts';

/** A task as it was written just now, with its definition: its session need not read them. */
export interface Fresh {
  readonly task: TaskRecord;
  readonly definition: DefinitionRecord;
}

/** A task that is on its way to the agent, with what it is told is desired. */
export interface UnderWay {
  readonly taskArn: string;
  readonly desired: DesiredStatus;
}

/** Conditions that leave out what is under way; lists of few different lengths, so that few statements are prepared. */
function besides(underWay: readonly UnderWay[]): Sql[] {
  return (['RUNNING', 'STOPPED'] as const).flatMap((desired) => {
    const arns = underWay.filter((each) => each.desired === desired).map((each) => each.taskArn);
    if (arns.length === 0) return [];
    return [sql`NOT (desired_status = ${desired} AND arn IN (${paddedList(arns)}))`];
  });
}

/** Tasks of the instance to deliver now, in ARN order, without those that are under way. */
export async function undelivered(
  view: View,
  instanceArn: string,
  underWay: readonly UnderWay[],
  limit: number,
): Promise<TaskRecord[]> {
  const conditions = [sql`instance_arn = ${instanceArn}`, sql`undelivered = 1`, ...besides(underWay)];
  return findTasks(view, sqlAnd(conditions), limit);
}

/**
 * Writes down that the tasks may be with their agent from now on, in one statement. The ARNs of those that did not change
 * meanwhile; one that did may have been stopped, or offered by who came first, so that there may be nothing to deliver any
 * more: look again.
 */
export async function offer(store: Store, tasks: readonly TaskRecord[]): Promise<ReadonlySet<string>> {
  const known = tasks.filter((task) => task.offered).map((task) => task.arn);
  const news = tasks.filter((task) => !task.offered);
  if (news.length === 0) return new Set(known);
  const same = news.map((task) => sql`(arn = ${task.arn} AND version = ${task.version})`);
  try {
    const [result] = await store.write([
      { sql: sql`UPDATE ecs_tasks SET offered = 1 WHERE offered = 0 AND (${sqlList(same, ' OR ')}) RETURNING arn` },
    ]);
    return new Set([...known, ...(result?.rows ?? []).map((row) => String(row['arn']))]);
  } catch (error) {
    if (error instanceof ConflictError) return new Set(known);
    throw error;
  }
}

/** The agent has saved what it was told. An older acknowledgement never takes a newer one back. */
export async function acknowledge(store: Store, acknowledged: readonly UnderWay[]): Promise<void> {
  const steps = (['RUNNING', 'STOPPED'] as const).flatMap((desired): Step[] => {
    const arns = acknowledged.filter((each) => each.desired === desired).map((each) => each.taskArn);
    if (arns.length === 0) return [];
    return [
      {
        sql: sql`UPDATE ecs_tasks SET acked_desired = ${desired},
            undelivered = CASE WHEN desired_status = ${desired} OR last_status IN ('STOPPED', 'DEACTIVATING') THEN 0 ELSE 1 END
          WHERE arn IN (${paddedList(arns)}) AND acked_desired <> 'STOPPED' AND acked_desired <> ${desired}`,
      },
    ];
  });
  await store.update(() => Promise.resolve({ steps, result: undefined }));
}

/** Every task of the instance that is not STOPPED, with what is desired of it; one that is drained first runs on until then. */
export async function manifestOf(view: View, instanceArn: string): Promise<AcsTaskIdentifier[]> {
  const rows = await view.all<{ arn: string; cluster_arn: string; desired_status: DesiredStatus }>(
    sql`SELECT arn, cluster_arn,
        CASE WHEN last_status = 'DEACTIVATING' THEN 'RUNNING' ELSE desired_status END AS desired_status FROM ecs_tasks
      WHERE instance_arn = ${instanceArn} AND last_status <> 'STOPPED' ORDER BY arn`,
  );
  return rows.map((row) => ({ taskArn: row.arn, taskClusterArn: row.cluster_arn, desiredStatus: row.desired_status }));
}

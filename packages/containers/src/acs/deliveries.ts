// What the store knows of deliveries: tasks whose agent must still be told, offers (written before a frame goes out) and
// acknowledgements.
import { sql, type Step, type Store, type View } from '@longshore/store';
import { ConflictError } from '@longshore/store';
import type { AcsTaskIdentifier } from '@longshore/aws';
import { type DesiredStatus, findTasks, type TaskRecord } from '../tasks.ts';

/** Tasks of the instance to deliver now, oldest ARN first, without those in `except`. */
export async function undelivered(view: View, instanceArn: string, limit: number): Promise<TaskRecord[]> {
  return findTasks(view, sql`instance_arn = ${instanceArn} AND undelivered = 1`, limit);
}

/**
 * Writes down that the task may be with its agent from now on. False if it changed meanwhile (it was stopped, so that
 * there may be nothing to deliver any more): look again.
 */
export async function offer(store: Store, task: TaskRecord): Promise<boolean> {
  if (task.offered) return true;
  const step: Step = {
    sql: sql`UPDATE ecs_tasks SET offered = 1 WHERE arn = ${task.arn} AND version = ${task.version}`,
    expect: 1,
  };
  try {
    await store.write([step]);
    return true;
  } catch (error) {
    if (error instanceof ConflictError) return false;
    throw error;
  }
}

/** The agent has saved what it was told. An older acknowledgement never takes a newer one back. */
export async function acknowledge(store: Store, taskArn: string, desired: DesiredStatus): Promise<void> {
  await store.write([
    {
      sql: sql`UPDATE ecs_tasks SET acked_desired = ${desired},
          undelivered = CASE WHEN desired_status = ${desired} OR last_status IN ('STOPPED', 'DEACTIVATING') THEN 0 ELSE 1 END
        WHERE arn = ${taskArn} AND acked_desired <> 'STOPPED' AND acked_desired <> ${desired}`,
    },
  ]);
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

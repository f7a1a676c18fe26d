// The keys of a task's role, as its agent is given them: with the task, and again before they end. The id under which the
// task's containers ask for them is made with the task and never changes.
import type { AcsRoleCredentials } from '@longshore/aws';
import { sql } from '@longshore/store';
import type { Core } from '../core.ts';
import { lastPart } from '../names.ts';
import { findTasks, type TaskRecord } from '../tasks.ts';

/** Keys live six hours; agents are given new ones long before. */
export const renewEveryMs = 2 * 3_600_000;

/** Undefined for a task without a role, or if the role is gone or does not trust tasks. */
export async function roleKeysOf(core: Core, task: TaskRecord): Promise<AcsRoleCredentials | undefined> {
  const wanted = task.document.taskRole;
  if (wanted === undefined || core.taskRoles === undefined || task.desiredStatus === 'STOPPED') return undefined;
  const keys = await core.taskRoles.keys(task.account, wanted.role, lastPart(task.arn));
  if (keys === undefined) {
    core.log.warn({ task: task.arn, role: wanted.role }, 'the role of a task cannot be taken: it has no keys');
    return undefined;
  }
  const { expiresAt, ...rest } = keys;
  return { credentialsId: wanted.credentialsId, ...rest, expiration: new Date(expiresAt).toISOString() };
}

/** The tasks of an instance that are to run and have a role. */
export async function tasksWithRoles(core: Core, instanceArn: string): Promise<TaskRecord[]> {
  const live = sql`instance_arn = ${instanceArn} AND desired_status = 'RUNNING' AND last_status <> 'STOPPED'`;
  return (await findTasks(core.store, live)).filter((task) => task.document.taskRole !== undefined && task.offered);
}

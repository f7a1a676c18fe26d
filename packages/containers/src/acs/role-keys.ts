// The keys of a task's roles, as its agent is given them: with the task, and again before they end. There are two roles: the
// one that the containers may take, and the one with which the agent fetches what they need. The id of a role's keys is made
// with the task and never changes.
import type { AcsRoleCredentials } from '@longshore/aws';
import { sql } from '@longshore/store';
import type { Core } from '../core.ts';
import { ecsErrors } from '../errors.ts';
import { lastPart } from '../names.ts';
import { askToStop } from '../task-state.ts';
import { moveTaskSteps } from '../task-steps.ts';
import { findTask, findTasks, type RoleOfTask, type TaskRecord } from '../tasks.ts';

/** Keys live six hours; agents are given new ones long before. */
export const renewEveryMs = 2 * 3_600_000;

export interface KeysOfTask {
  readonly task?: AcsRoleCredentials | undefined;
  readonly execution?: AcsRoleCredentials | undefined;
  /** A role that is gone or does not trust tasks. */
  readonly refused?: string | undefined;
}

const none: KeysOfTask = {};

async function keysOf(core: Core, task: TaskRecord, wanted: RoleOfTask | undefined) {
  const keys = wanted && (await core.taskRoles?.keys(task.account, wanted.role, lastPart(task.arn)));
  if (wanted === undefined || keys === undefined) return undefined;
  const { expiresAt, ...rest } = keys;
  return { credentialsId: wanted.credentialsId, ...rest, expiration: new Date(expiresAt).toISOString() };
}

export async function keysOfTask(core: Core, task: TaskRecord): Promise<KeysOfTask> {
  const { taskRole, executionRole } = task.document;
  if (core.taskRoles === undefined || task.desiredStatus === 'STOPPED' || !(taskRole ?? executionRole)) return none;
  const [own, execution] = await Promise.all([keysOf(core, task, taskRole), keysOf(core, task, executionRole)]);
  const missing = taskRole && !own ? taskRole : executionRole && !execution ? executionRole : undefined;
  if (missing) core.log.warn({ task: task.arn, role: missing.role }, 'a role of a task cannot be taken');
  return { task: own, execution, refused: missing?.role };
}

/** A task that has not begun does not begin without the role that it names. */
export async function stopWithoutRole(core: Core, arn: string, role: string): Promise<void> {
  const now = core.clock.now();
  await core.store.update(async (view) => {
    const before = await findTask(view, arn);
    const after = before && askToStop(before, 'TaskFailedToStart', ecsErrors.roleNotTaken(role).message, now);
    return { steps: before && after ? moveTaskSteps(before, after, now) : [], result: undefined };
  });
  core.wakeKeeper();
}

/** The tasks of an instance that are to run and have a role. */
export async function tasksWithRoles(core: Core, instanceArn: string): Promise<TaskRecord[]> {
  // Of thousands of tasks, few may have one: the others' documents are not read.
  const live = sql`instance_arn = ${instanceArn} AND desired_status = 'RUNNING' AND last_status <> 'STOPPED'
    AND (document LIKE '%"taskRole":%' OR document LIKE '%"executionRole":%')`;
  return (await findTasks(core.store, live)).filter(
    ({ document, offered }) => (document.taskRole ?? document.executionRole) !== undefined && offered,
  );
}

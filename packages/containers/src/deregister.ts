// An instance leaves its cluster for good: it becomes INACTIVE and its tasks count as stopped, in one write.
import { type Step, sql, type View } from '@longshore/store';
import { instanceEvent } from './events.ts';
import type { InstanceRecord } from './instances.ts';
import { endNow } from './task-state.ts';
import { moveTaskSteps } from './task-steps.ts';
import { findTasks, type TaskRecord } from './tasks.ts';

const reason = 'The container instance was deregistered.';

/** STOPPED by decision: nobody will report of it any more under this instance. */
function orphan(task: TaskRecord, now: number): TaskRecord {
  return endNow(
    {
      ...task,
      stopCode: task.stopCode === '' ? 'TerminationNotice' : task.stopCode,
      version: task.version + 1,
      document: { ...task.document, stoppedReason: task.document.stoppedReason ?? reason },
    },
    now,
  );
}

/** Tasks of the instance that are not STOPPED. */
export function liveTasks(view: View, arn: string): Promise<TaskRecord[]> {
  return findTasks(view, sql`instance_arn = ${arn} AND last_status <> 'STOPPED'`);
}

export async function deregisterSteps(view: View, instance: InstanceRecord, now: number): Promise<Step[]> {
  const tasks = await liveTasks(view, instance.arn);
  return [
    {
      // The version guards against a task that is placed on it meanwhile.
      sql: sql`UPDATE ecs_instances SET status = 'INACTIVE', connected = 0, connection_id = '', lost_due = NULL,
          version = version + 1 WHERE arn = ${instance.arn} AND version = ${instance.version}`,
      expect: 1,
    },
    ...tasks.flatMap((task) => moveTaskSteps(task, orphan(task, now), now)),
    instanceEvent(instance, now, { status: 'INACTIVE', connected: false }),
  ];
}

// What the states of its containers make of a task.
import { pauseName } from '../task/own-network.ts';
import { progressOf } from '../task/record.ts';
import type { ReportedStatus, TaskRecord } from '../task/types.ts';

/** Every container has ended: the task has stopped. */
export function hasStopped(record: TaskRecord): boolean {
  return record.task.containers.every((container) => progressOf(record, container.name).ended !== undefined);
}

/** The task must end: it was asked to, or an essential container has ended. Then all its containers are stopped. */
export function isEnding(record: TaskRecord): boolean {
  return (
    record.desired === 'STOPPED' ||
    record.containers[pauseName]?.ended !== undefined ||
    record.task.containers.some(
      (container) => container.essential && progressOf(record, container.name).ended !== undefined,
    )
  );
}

/** Every container has been started once (a non-essential one may also have failed to). */
export function hasRun(record: TaskRecord): boolean {
  return record.task.containers.every((container) => {
    const progress = progressOf(record, container.name);
    return progress.startedAt !== undefined || (!container.essential && progress.ended !== undefined);
  });
}

/** The status to report, as ECS's agent does: RUNNING once all containers run, STOPPED once all have ended. */
export function taskStatus(record: TaskRecord): ReportedStatus {
  if (hasStopped(record)) return 'STOPPED';
  return hasRun(record) ? 'RUNNING' : 'PENDING';
}

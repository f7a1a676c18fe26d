// Restart policies. A container that has exited is started again, as the same container, if its policy says so. The
// decision is made once for each run, is saved with the run that it follows, and only then told to the Engine. Pure.
import type { AcsContainer } from '@longshore/aws';
import { progressOf } from '../task/record.ts';
import type { ContainerProgress, ObservedContainer, TaskRecord } from '../task/types.ts';
import { isEnding } from './status.ts';

/** Seconds that a run must have lasted to be followed by another, if the policy does not say (ECS: 300). */
export const defaultAttemptPeriod = 300;

/** Whether another run after the one that is seen to have ended is decided already. */
export function isToRestart(progress: ContainerProgress, seen: ObservedContainer): boolean {
  return seen.status === 'exited' && seen.startedAt !== undefined && progress.restarts?.after === seen.startedAt;
}

/** Whether the policy wants another run after the one that is seen to have ended. */
function wants(container: AcsContainer, seen: ObservedContainer, now: number): boolean {
  const policy = container.restartPolicy;
  if (!policy?.enabled || seen.startedAt === undefined) return false;
  if (policy.ignoredExitCodes?.includes(seen.exitCode)) return false;
  const ran = (seen.finishedAt ?? now) - seen.startedAt;
  return ran >= (policy.restartAttemptPeriod ?? defaultAttemptPeriod) * 1000;
}

/**
 * Undefined if the run that is seen to have ended was the last one; else the progress with the next one decided. A task
 * that is to end restarts nothing.
 */
export function decideRestart(
  record: TaskRecord,
  name: string,
  seen: ObservedContainer,
  now: number,
): ContainerProgress | undefined {
  const progress = progressOf(record, name);
  if (isEnding(record) || progress.ended || seen.startedAt === undefined) return undefined;
  if (isToRestart(progress, seen)) return progress;
  const container = record.task.containers.find((one) => one.name === name);
  if (!container || !wants(container, seen, now)) return undefined;
  return { ...progress, restarts: { count: (progress.restarts?.count ?? 0) + 1, after: seen.startedAt } };
}

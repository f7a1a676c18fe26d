// What the ends of tasks say of their deployment: how many failed, and how long to wait before the next start.
import type { Deployment } from '../services/rows.ts';
import { isHealthy } from './health.ts';
import type { KeptService, KeptTask, PlanSettings } from './types.ts';

const firstPauseMs = 1_000;
const longestPauseMs = 15 * 60_000;

/** The pause after `rounds` rounds in a row in which tasks never reached RUNNING: doubling, up to 15 minutes. */
export function pauseAfter(rounds: number): number {
  return rounds <= 0 ? 0 : Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(rounds - 1, 20));
}

/** It ended by itself, or could not begin: nobody told it to stop. */
function endedAlone(task: KeptTask): boolean {
  return (
    task.lastStatus === 'STOPPED' &&
    (task.stopCode === 'TaskFailedToStart' || task.stopCode === 'EssentialContainerExited')
  );
}

/** It ended by itself before it counted as healthy. */
function endedEarly(task: KeptTask, deployment: Deployment, settings: PlanSettings): boolean {
  if (!endedAlone(task)) return false;
  if (task.startedAt === undefined) return true;
  if (task.targetHealth !== '' && task.targetHealth !== 'HEALTHY') return true;
  if (deployment.hasHealthCheck) return task.healthStatus !== 'HEALTHY';
  if (task.targetHealth === 'HEALTHY') return false;
  return (task.stoppedAt ?? settings.now) - task.startedAt < settings.settleMs;
}

/**
 * Takes note of failures and of progress. A round of failures is counted once, however many of its tasks end one after
 * the other: those that began before the last failure belong to that one's round.
 */
export function noteFailures(
  deployment: Deployment,
  tasks: readonly KeptTask[],
  service: KeptService,
  settings: PlanSettings,
): Deployment {
  const mine = tasks.filter((task) => task.deploymentId === deployment.id);
  const failed = mine.filter((task) => endedEarly(task, deployment, settings)).length;
  const neverRan = mine.filter((task) => endedAlone(task) && task.startedAt === undefined);
  const failedAt = deployment.failedAt ?? 0;
  const ran = mine.some((task) => task.lastStatus === 'RUNNING' && (task.startedAt ?? 0) >= failedAt);
  const newRound = neverRan.some((task) => task.createdAt >= failedAt);
  const healthy = mine.filter((task) => isHealthy(task, service, settings)).length;
  const progress = healthy > (deployment.healthyPeak ?? 0);
  const resets = progress && service.circuitBreaker?.resetOnHealthyTask !== false;
  const counted: Deployment = {
    ...deployment,
    failedTasks: (resets ? 0 : deployment.failedTasks) + failed,
    ...(progress && { healthyPeak: healthy }),
  };
  if (newRound) {
    const failedRounds = deployment.failedRounds + 1;
    return { ...counted, failedRounds, failedAt: settings.now, retryAt: settings.now + pauseAfter(failedRounds) };
  }
  return ran && deployment.failedRounds > 0 ? { ...counted, failedRounds: 0, retryAt: 0 } : counted;
}

/** Failures that the circuit breaker tolerates; undefined if it is off. ECS: half of the desired count, 3 to 200. */
export function thresholdOf(service: Pick<KeptService, 'circuitBreaker' | 'desiredCount'>): number | undefined {
  const { circuitBreaker, desiredCount } = service;
  if (!circuitBreaker?.enable) return undefined;
  const { type, value } = circuitBreaker.threshold ?? { type: 'BOUNDED_PERCENT', value: 50 };
  if (type === 'COUNT') return value;
  const share = Math.ceil((desiredCount * value) / 100);
  return type === 'BOUNDED_PERCENT' ? Math.min(200, Math.max(3, share)) : Math.max(1, share);
}

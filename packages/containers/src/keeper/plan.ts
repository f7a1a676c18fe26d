// Keeping a service: from what is wanted and the tasks there are to what must be started and stopped. Pure. Counts follow
// ECS: the minimum rounds up, the maximum rounds down; tasks that are still stopping count against the maximum.
import type { Deployment, ServiceStatus } from '../services.ts';
import type { DesiredStatus, Health, TaskStatus } from '../tasks.ts';

export interface KeptTask {
  readonly arn: string;
  readonly deploymentId: string;
  readonly lastStatus: TaskStatus;
  readonly desiredStatus: DesiredStatus;
  readonly healthStatus: Health;
  readonly startedAt: number | undefined;
  readonly createdAt: number;
  readonly stopCode: string;
  /** What its load balancers say; '' if it has none. */
  readonly targetHealth: '' | 'INITIAL' | 'HEALTHY' | 'UNHEALTHY';
  /** Its instance is to be emptied. */
  readonly draining: boolean;
}

export interface KeptService {
  readonly status: ServiceStatus;
  readonly desiredCount: number;
  readonly minimumHealthyPercent: number;
  readonly maximumPercent: number;
  /** The primary one first. */
  readonly deployments: readonly Deployment[];
  readonly steady: boolean;
}

export interface Stop {
  readonly arn: string;
  readonly why: 'scaling' | 'unhealthy' | 'deleted';
}

export interface ServicePlan {
  /** Tasks of the primary deployment to start now. */
  readonly start: number;
  readonly stop: readonly Stop[];
  /** STOPPED tasks that have been taken note of. */
  readonly settle: readonly string[];
  readonly deployments: readonly Deployment[];
  readonly steady: boolean;
  /** A draining service whose last task has stopped. */
  readonly finished: boolean;
  /** Tasks failed to start in this round, and not for the first time. */
  readonly struggling: boolean;
  /** When time alone may change the plan: a pause is over, a task has run long enough. Undefined if it will not. */
  readonly lookAgainAt: number | undefined;
}

export interface PlanSettings {
  readonly now: number;
  /** How long a task without a health check must run to count as healthy (ECS: 40 s). */
  readonly settleMs: number;
}

const firstPauseMs = 1_000;
const longestPauseMs = 15 * 60_000;

/** The pause after `rounds` rounds in a row in which tasks never reached RUNNING: doubling, up to 15 minutes. */
export function pauseAfter(rounds: number): number {
  return rounds <= 0 ? 0 : Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(rounds - 1, 20));
}

/** Whether this end says that the deployment's tasks do not start. */
function neverStarted(task: KeptTask): boolean {
  const own = task.stopCode === 'TaskFailedToStart' || task.stopCode === 'EssentialContainerExited';
  return task.startedAt === undefined && own;
}

function noteFailures(deployment: Deployment, tasks: readonly KeptTask[], now: number): Deployment {
  const mine = tasks.filter((task) => task.deploymentId === deployment.id);
  const failed = mine.filter((task) => task.lastStatus === 'STOPPED' && neverStarted(task)).length;
  const runs = mine.some((task) => task.lastStatus === 'RUNNING');
  if (failed === 0 && !(runs && deployment.failedRounds > 0)) return deployment;
  const failedRounds = runs ? 0 : deployment.failedRounds + 1;
  return {
    ...deployment,
    failedTasks: deployment.failedTasks + failed,
    failedRounds,
    retryAt: failedRounds === 0 ? 0 : now + pauseAfter(failedRounds),
  };
}

function isHealthy(task: KeptTask, deployments: readonly Deployment[], settings: PlanSettings): boolean {
  if (task.lastStatus !== 'RUNNING' || task.healthStatus === 'UNHEALTHY') return false;
  if (task.targetHealth !== '' && task.targetHealth !== 'HEALTHY') return false;
  if (deployments.find((each) => each.id === task.deploymentId)?.hasHealthCheck) return task.healthStatus === 'HEALTHY';
  if (task.targetHealth === 'HEALTHY') return true;
  return settings.now - (task.startedAt ?? settings.now) >= settings.settleMs;
}

/** Which of too many to stop first: those that do not run yet, then the newest. */
function dispensable(a: KeptTask, b: KeptTask): number {
  const running = (task: KeptTask) => (task.lastStatus === 'RUNNING' ? 1 : 0);
  return running(a) - running(b) || b.createdAt - a.createdAt || (a.arn < b.arn ? -1 : 1);
}

/** Old tasks to stop now: those that are not healthy cost nothing; healthy ones as far as the minimum allows. */
function stopOld(old: readonly KeptTask[], healthyInAll: number, minimum: number, healthy: (t: KeptTask) => boolean) {
  const stops: KeptTask[] = old.filter((task) => !healthy(task));
  const spare = Math.max(0, healthyInAll - minimum);
  return [...stops, ...old.filter(healthy).toSorted(dispensable).slice(0, spare)];
}

function lookAgainAt(times: readonly number[], now: number): number | undefined {
  const later = times.filter((time) => time > now);
  return later.length === 0 ? undefined : Math.min(...later);
}

function drain(service: KeptService, tasks: readonly KeptTask[], settle: readonly string[]): ServicePlan {
  const alive = tasks.filter((task) => task.lastStatus !== 'STOPPED');
  return {
    start: 0,
    stop: alive.filter((task) => task.desiredStatus === 'RUNNING').map(({ arn }) => ({ arn, why: 'deleted' as const })),
    settle,
    deployments: alive.length === 0 ? [] : service.deployments,
    steady: false,
    finished: alive.length === 0,
    struggling: false,
    lookAgainAt: undefined,
  };
}

export function planService(service: KeptService, tasks: readonly KeptTask[], settings: PlanSettings): ServicePlan {
  const settle = tasks.filter((task) => task.lastStatus === 'STOPPED').map((task) => task.arn);
  if (service.status !== 'ACTIVE') return drain(service, tasks, settle);
  const { desiredCount } = service;
  const noted = service.deployments.map((each) => noteFailures(each, tasks, settings.now));
  const primary = noted[0];
  if (primary === undefined) return drain(service, tasks, settle);

  const alive = tasks.filter((task) => task.lastStatus !== 'STOPPED');
  const wanted = alive.filter((task) => task.desiredStatus === 'RUNNING');
  const unhealthy = wanted.filter((task) => task.healthStatus === 'UNHEALTHY');
  const sound = wanted.filter((task) => task.healthStatus !== 'UNHEALTHY');
  const current = sound.filter((task) => task.deploymentId === primary.id && !task.draining);
  const old = sound.filter((task) => task.deploymentId !== primary.id || task.draining);

  const minimum = Math.ceil((desiredCount * service.minimumHealthyPercent) / 100);
  const maximum = Math.max(Math.floor((desiredCount * service.maximumPercent) / 100), desiredCount === 0 ? 0 : 1);
  const healthy = (task: KeptTask) => isHealthy(task, noted, settings);
  const surplus = current.toSorted(dispensable).slice(0, Math.max(0, current.length - desiredCount));
  const kept = current.filter((task) => !surplus.includes(task));
  const retiring = stopOld(old, [...kept, ...old].filter(healthy).length, minimum, healthy);

  const settlesAt = (task: KeptTask) => (task.startedAt ?? 0) + settings.settleMs;
  const room = Math.max(0, maximum - alive.length);
  const missing = Math.max(0, desiredCount - current.length);
  const start = settings.now < primary.retryAt ? 0 : Math.min(missing, room);

  const deployments = noted.filter((each) => each === primary || alive.some((task) => task.deploymentId === each.id));
  const allRun = alive.length === desiredCount && kept.every((task) => task.lastStatus === 'RUNNING');
  const steady = allRun && kept.length === desiredCount && deployments.length === 1;
  const completed = steady && primary.rolloutState !== 'COMPLETED';
  const shown: Deployment = completed
    ? {
        ...primary,
        rolloutState: 'COMPLETED',
        rolloutStateReason: `ECS deployment ${primary.id} completed.`,
        updatedAt: settings.now,
      }
    : primary;
  return {
    start,
    stop: [
      ...unhealthy.map(({ arn }) => ({ arn, why: 'unhealthy' as const })),
      ...[...surplus, ...retiring].map(({ arn }) => ({ arn, why: 'scaling' as const })),
    ],
    settle,
    deployments: deployments.map((each) => (each === primary ? shown : each)),
    steady,
    finished: false,
    lookAgainAt: lookAgainAt(
      [...(old.length > 0 ? kept : []).map(settlesAt), missing > 0 ? primary.retryAt : 0],
      settings.now,
    ),
    struggling: primary.failedRounds >= 3 && primary.failedRounds > (service.deployments[0]?.failedRounds ?? 0),
  };
}

/** Whether the plan changes anything. */
export function isIdle(service: KeptService, plan: ServicePlan): boolean {
  return (
    plan.start === 0 &&
    plan.stop.length === 0 &&
    plan.settle.length === 0 &&
    !plan.finished &&
    plan.steady === service.steady &&
    JSON.stringify(plan.deployments) === JSON.stringify(service.deployments)
  );
}

// Whether a service's task counts as healthy or as unhealthy. Behind load balancers they decide; without them and without
// a health check it is healthy after it has run for a while. What says that it is unhealthy is not listened to in the service's grace period.
import type { Deployment } from '../services/rows.ts';
import type { KeptService, KeptTask, PlanSettings, Stop } from './types.ts';

function checked(task: KeptTask, deployments: readonly Deployment[]): boolean {
  return deployments.find((each) => each.id === task.deploymentId)?.hasHealthCheck ?? false;
}

/** RUNNING and nothing says that it is not sound: it counts towards the minimum of healthy tasks. */
export function isHealthy(task: KeptTask, service: KeptService, settings: PlanSettings): boolean {
  if (task.lastStatus !== 'RUNNING' || task.healthStatus === 'UNHEALTHY') return false;
  if (task.targetHealth !== '' && task.targetHealth !== 'HEALTHY') return false;
  if (checked(task, service.deployments)) return task.healthStatus === 'HEALTHY';
  if (task.targetHealth === 'HEALTHY') return true;
  return settings.now - (task.startedAt ?? settings.now) >= settings.settleMs;
}

function failsCheck(task: KeptTask): boolean {
  return task.healthStatus === 'UNHEALTHY' || task.targetHealth === 'UNHEALTHY';
}

/** To be replaced: a check failed, and not only because the task has just begun. */
export function isUnhealthy(task: KeptTask, service: KeptService, settings: PlanSettings): boolean {
  if (!failsCheck(task)) return false;
  return settings.now >= (task.startedAt ?? 0) + service.graceMs;
}

/** It runs and may serve already, but nothing has said so yet: time, or a check, will. */
export function isUndecided(task: KeptTask, service: KeptService, settings: PlanSettings): boolean {
  return task.lastStatus === 'RUNNING' && !failsCheck(task) && !isHealthy(task, service, settings);
}

/** Time alone will make it healthy. */
function isSettling(task: KeptTask, service: KeptService, settings: PlanSettings): boolean {
  if (task.lastStatus !== 'RUNNING' || task.targetHealth !== '' || failsCheck(task)) return false;
  return !checked(task, service.deployments) && !isHealthy(task, service, settings);
}

/** When time alone changes what a task counts as; 0 if it never does. */
export function changesAt(task: KeptTask, service: KeptService, settings: PlanSettings): number {
  if (failsCheck(task)) return (task.startedAt ?? 0) + service.graceMs;
  return isSettling(task, service, settings) ? (task.startedAt ?? settings.now) + settings.settleMs : 0;
}

/** The stop of an unhealthy task, with what it failed. */
export function unhealthyStop(task: KeptTask): Stop {
  return { arn: task.arn, why: task.healthStatus === 'UNHEALTHY' ? 'unhealthy' : 'unhealthy target' };
}

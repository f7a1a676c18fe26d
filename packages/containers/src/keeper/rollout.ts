// The course of a deployment: it completes, or it fails and is rolled back to the one that completed last, or, where
// that is not wished or there is none, it stays where it is and nothing more is started.
import type { Deployment } from '../services/rows.ts';
import { isOpen, type Rollout } from '../services/rollouts.ts';
import { thresholdOf } from './failures.ts';
import type { KeptService, News } from './types.ts';

export interface Course {
  /** The primary one first. */
  readonly deployments: readonly Deployment[];
  readonly lastCompleted: Deployment | undefined;
  readonly rollout: Rollout | undefined;
  readonly news: readonly News[];
  /** The deployment that failed in this round. */
  readonly failed?: Deployment | undefined;
}

interface Failure {
  /** What found it; with the reason, ECS's `rolloutStateReason` of the failed deployment. */
  readonly what: string;
  readonly reason: string;
  readonly by: string;
  readonly rollsBack: boolean;
}

const stopped = { what: 'ECS deployment', reason: 'stopped by request.' } as const;

/** Of its alarms it cannot be known now whether they ring. */
export function isBlind(service: KeptService): boolean {
  return service.alarms !== undefined && service.alarms.ringing === undefined;
}

/** Alarms that ring and did not when the deployment began. */
function alarmed(service: KeptService, rollout: Rollout | undefined): string[] {
  const before = rollout?.ignoredAlarms;
  return before === undefined ? [] : (service.alarms?.ringing ?? []).filter((name) => !before.includes(name));
}

function failureOf(service: KeptService, primary: Deployment, rollout: Rollout | undefined): Failure | undefined {
  if (rollout?.status === 'ROLLBACK_REQUESTED') return { ...stopped, by: 'Rollback was requested.', rollsBack: true };
  if (rollout?.status === 'STOP_REQUESTED') return { ...stopped, by: 'A stop was requested.', rollsBack: false };
  const ringing = alarmed(service, rollout);
  if (rollout?.status === 'IN_PROGRESS' && primary.rolloutState === 'IN_PROGRESS' && ringing.length > 0)
    return {
      what: 'ECS deployment alarms',
      reason: 'alarm detected.',
      by: `Alarms went to the state ALARM: ${ringing.join(', ')}.`,
      rollsBack: service.alarms?.rollback === true,
    };
  const threshold = thresholdOf(service);
  if (primary.rolloutState !== 'IN_PROGRESS' || threshold === undefined || primary.failedTasks < threshold)
    return undefined;
  return {
    what: 'ECS deployment circuit breaker',
    reason: 'tasks failed to start.',
    by: 'The deployment circuit breaker was triggered: tasks failed to start.',
    rollsBack: service.circuitBreaker?.rollback === true,
  };
}

function finished(rollout: Rollout | undefined, more: Partial<Rollout>, now: number): Rollout | undefined {
  return rollout && { ...rollout, ...more, updatedAt: now, finishedAt: now };
}

/** The deployment that completed last becomes primary again, under its own id: its tasks that still run are its tasks. */
function rollBack(course: Course, failed: Deployment, goal: Deployment, failure: Failure, now: number): Course {
  const back: Deployment = {
    ...goal,
    status: 'PRIMARY',
    failedTasks: 0,
    failedRounds: 0,
    retryAt: 0,
    failedAt: undefined,
    healthyPeak: undefined,
    updatedAt: now,
    rolloutState: 'IN_PROGRESS',
    rolloutStateReason: `${failure.what}: rolling back to deploymentId ${goal.id}.`,
  };
  const given: Deployment = {
    ...failed,
    status: 'ACTIVE',
    updatedAt: now,
    rolloutState: 'FAILED',
    rolloutStateReason: `${failure.what}: ${failure.reason}`,
  };
  const others = course.deployments.filter((each) => each.id !== failed.id && each.id !== goal.id);
  const { rollout } = course;
  return {
    deployments: [back, given, ...others],
    lastCompleted: course.lastCompleted,
    rollout: rollout && {
      ...rollout,
      status: 'ROLLBACK_IN_PROGRESS',
      // What was shifted goes back first.
      ...(rollout.traffic !== undefined && { traffic: { production: 0, test: 0 } }),
      statusReason: failure.by,
      updatedAt: now,
      rollback: { reason: failure.by, startedAt: now, revisionArn: goal.revisionArn ?? '' },
    },
    news: ['failed', 'rolling back'],
    failed: given,
  };
}

/** With the alarms that rang at its beginning, and those that ring since. */
function watched(service: KeptService, rollout: Rollout): Rollout {
  if (service.alarms?.ringing === undefined) return rollout;
  if (rollout.ignoredAlarms === undefined) return { ...rollout, ignoredAlarms: service.alarms.ringing };
  const ringing = alarmed(service, rollout);
  return ringing.length === 0 ? rollout : { ...rollout, triggeredAlarms: ringing };
}

/** Lets the primary deployment fail if it has to. */
export function judge(service: KeptService, noted: readonly Deployment[], now: number): Course {
  const { lastCompleted } = service;
  const [primary, ...others] = noted;
  const threshold = thresholdOf(service);
  const rollout =
    service.rollout !== undefined && isOpen(service.rollout) && primary?.id === service.rollout.deploymentId
      ? watched(service, { ...service.rollout, failureCount: primary.failedTasks, threshold })
      : service.rollout;
  const course: Course = { deployments: noted, lastCompleted, rollout, news: [] };
  const failure = primary && failureOf(service, primary, rollout);
  // All traffic is with the new revision, the old one is going: too late to go back.
  const cleaning = rollout?.stage === 'CLEAN_UP' && rollout.status === 'IN_PROGRESS';
  if (primary === undefined || failure === undefined || cleaning) return course;
  const again = rollout?.status === 'ROLLBACK_IN_PROGRESS';
  const goal = lastCompleted === undefined || lastCompleted.id === primary.id ? undefined : lastCompleted;
  // What gets part of the traffic cannot stay where it is.
  const rollsBack = failure.rollsBack || service.shifting !== undefined;
  if (rollsBack && !again && goal !== undefined) {
    const known = noted.find((each) => each.id === goal.id);
    return rollBack(course, primary, known ?? goal, failure, now);
  }
  const stalled: Deployment = {
    ...primary,
    updatedAt: now,
    rolloutState: 'FAILED',
    rolloutStateReason: `${failure.what}: ${failure.reason}`,
  };
  const end: Partial<Rollout> = again
    ? { status: 'ROLLBACK_FAILED', statusReason: failure.by }
    : { status: 'STOPPED', statusReason: failure.by, stoppedAt: now };
  return {
    ...course,
    deployments: [stalled, ...others],
    rollout: finished(rollout, end, now),
    news: ['failed'],
    failed: stalled,
  };
}

/** Whether the deployment, once its tasks are all there, waits for its alarms. Shifting ones bake by themselves. */
function bakes(service: KeptService, rollout: Rollout | undefined): rollout is Rollout {
  return rollout?.status === 'IN_PROGRESS' && service.shifting === undefined;
}

/** Until when it waits for them; 0 if it does not. */
export function bakesUntil(service: KeptService, rollout: Rollout | undefined): number {
  if (!bakes(service, rollout) || rollout.bakingSince === undefined) return 0;
  return rollout.bakingSince + (service.alarms?.bakeMs ?? 0);
}

/** Only time in which its alarms are known counts: who sees nothing cannot ring. */
function baking(service: KeptService, rollout: Rollout | undefined, now: number): Rollout | undefined {
  if (service.alarms === undefined || rollout === undefined) return rollout;
  return { ...rollout, bakingSince: isBlind(service) ? undefined : (rollout.bakingSince ?? now) };
}

/** The primary deployment is all that there is, and all of it is healthy. */
export function complete(service: KeptService, steady: Course, now: number): Course {
  const [primary, ...others] = steady.deployments;
  if (primary === undefined || primary.rolloutState !== 'IN_PROGRESS') return steady;
  const course: Course = { ...steady, rollout: baking(service, steady.rollout, now) };
  const blind = isBlind(service) && bakes(service, course.rollout);
  if (blind || bakesUntil(service, course.rollout) > now) return course;
  const done: Deployment = {
    ...primary,
    rolloutState: 'COMPLETED',
    rolloutStateReason: `ECS deployment ${primary.id} completed.`,
    updatedAt: now,
  };
  const { rollout } = course;
  const back = rollout?.status === 'ROLLBACK_IN_PROGRESS';
  const end = rollout !== undefined && isOpen(rollout);
  return {
    deployments: [done, ...others],
    lastCompleted: done,
    rollout: end ? finished(rollout, { status: back ? 'ROLLBACK_SUCCESSFUL' : 'SUCCESSFUL' }, now) : rollout,
    news: [...course.news, back ? 'rolled back' : 'completed'],
  };
}

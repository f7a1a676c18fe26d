// REPLICA: so many tasks, wherever there is room. Counts follow ECS: the minimum rounds up, the maximum rounds down; tasks
// that are still stopping count against the maximum, those on an instance that is lost count for nothing.
import type { Deployment } from '../services/rows.ts';
import { dispensable } from './dispensable.ts';
import { changesAt, isHealthy, isUndecided, isUnhealthy, unhealthyStop } from './health.ts';
import type { KeptService, KeptTask, Moves, PlanSettings, Stop } from './types.ts';

/** After this time a task that was to take another's place, and is not healthy yet, is not waited for any longer. */
const longestMoveMs = 10 * 60_000;

interface Sorted {
  /** Of the primary deployment, where they can stay. */
  readonly current: readonly KeptTask[];
  /** Of other deployments, or on instances that are to be emptied. */
  readonly old: readonly KeptTask[];
  readonly lost: readonly KeptTask[];
  readonly sick: readonly KeptTask[];
}

function sort(tasks: readonly KeptTask[], primary: Deployment, service: KeptService, settings: PlanSettings): Sorted {
  const lost = tasks.filter((task) => task.lost);
  const sick = tasks.filter((task) => !task.lost && isUnhealthy(task, service, settings));
  const sound = tasks.filter((task) => !task.lost && !sick.includes(task));
  const stays = (task: KeptTask) => task.deploymentId === primary.id && !task.draining;
  return { current: sound.filter(stays), old: sound.filter((task) => !stays(task)), lost, sick };
}

/**
 * Old tasks to stop: those that do not serve cost nothing, healthy ones go as far as the minimum allows. Those of which nobody
 * knows yet may be all that serves: they stay until the minimum is there without them.
 */
function retire(
  old: readonly KeptTask[],
  healthyInAll: number,
  minimum: number,
  service: KeptService,
  settings: PlanSettings,
): KeptTask[] {
  const free = old.filter((task) => task.protectedUntil <= settings.now);
  const healthy = free.filter((task) => isHealthy(task, service, settings));
  const undecided = free.filter((task) => isUndecided(task, service, settings));
  const idle = free.filter((task) => !healthy.includes(task) && !undecided.includes(task));
  const spare = Math.max(0, healthyInAll - minimum);
  return [...idle, ...(healthyInAll >= minimum ? undecided : []), ...dispensable(healthy, spare)];
}

const stopsOf = (tasks: readonly KeptTask[], why: Stop['why']): Stop[] => tasks.map(({ arn }) => ({ arn, why }));

/**
 * Unhealthy tasks: in a deployment they stop at once, since they are no loss. In a service at rest their replacements
 * come first, as far as the maximum allows; where it does not, they make room one by one.
 */
function treat(sick: readonly KeptTask[], sound: number, missing: number, room: number, service: KeptService) {
  const [primary] = service.deployments;
  const patient = (task: KeptTask) =>
    primary?.rolloutState === 'COMPLETED' && task.deploymentId === primary.id && !task.draining;
  const waiting = sick.filter(patient);
  const replaced = Math.max(0, sound - (service.desiredCount - waiting.length));
  const cleared = room === 0 && missing > 0 ? 1 : 0;
  const now = waiting.slice(0, Math.max(replaced, cleared));
  return {
    now: [...sick.filter((task) => !patient(task)), ...now],
    ifNoRoom: waiting.slice(now.length, now.length + 1),
  };
}

export function planReplica(service: KeptService, tasks: readonly KeptTask[], settings: PlanSettings): Moves {
  const { desiredCount } = service;
  const [primary] = service.deployments;
  const alive = tasks.filter((task) => task.lastStatus !== 'STOPPED');
  const wanted = alive.filter((task) => task.desiredStatus === 'RUNNING');
  const present = alive.filter((task) => !task.lost);
  const none: Moves = {
    start: 0,
    startOn: [],
    stop: [],
    stopIfNoRoom: [],
    desiredCount,
    moving: undefined,
    settled: false,
    blocked: false,
    times: [],
  };
  if (primary === undefined) return none;

  const minimum = Math.ceil((desiredCount * service.minimumHealthyPercent) / 100);
  const maximum = Math.max(Math.floor((desiredCount * service.maximumPercent) / 100), desiredCount === 0 ? 0 : 1);
  const healthy = (task: KeptTask) => isHealthy(task, service, settings);
  const { current, old, lost, sick } = sort(wanted, primary, service, settings);

  // One more than desired while a task moves, until all are healthy: then the surplus is on the fullest instance.
  const moves =
    service.moving !== undefined &&
    settings.now - service.moving.since < longestMoveMs &&
    current.length > desiredCount &&
    !current.every(healthy);
  const room = Math.max(0, maximum - present.length);
  const free = current.filter((task) => task.protectedUntil <= settings.now);
  const surplus = dispensable(free, current.length - desiredCount - (moves ? 1 : 0), healthy);
  const kept = current.filter((task) => !surplus.includes(task));
  const sound = kept.filter(healthy).length;
  const stalled = primary.rolloutState === 'FAILED';
  const retiring = stalled ? [] : retire(old, sound + old.filter(healthy).length, minimum, service, settings);
  // A copy that may still run where nobody hears of it goes when its replacement is there.
  const replaced = sound >= desiredCount ? lost : [];
  const missing = Math.max(0, desiredCount - current.length);
  const waits = stalled || settings.now < primary.retryAt;
  const start = waits ? 0 : Math.min(missing, room);
  const sickness = treat(sick, sound, waits ? 0 : missing, room, service);

  const stop = [
    ...sickness.now.map(unhealthyStop),
    ...stopsOf([...surplus, ...retiring], 'scaling'),
    ...stopsOf(replaced, 'lost'),
  ];
  const atRest = present.every((task) => task.desiredStatus === 'RUNNING' && healthy(task));
  return {
    start,
    startOn: [],
    stop,
    stopIfNoRoom: start > 0 ? sickness.ifNoRoom.map(unhealthyStop) : [],
    desiredCount,
    moving: moves ? service.moving : undefined,
    settled: present.length === desiredCount && kept.length === desiredCount && kept.every(healthy),
    blocked: missing > 0 && room === 0 && stop.length === 0 && !waits && atRest,
    times: [...[...current, ...old, ...sick].map((task) => changesAt(task, service, settings)), ...protections(old)],
  };
}

function protections(tasks: readonly KeptTask[]): number[] {
  return tasks.map((task) => task.protectedUntil);
}

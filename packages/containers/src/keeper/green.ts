// Two revisions side by side, as long as traffic is shifted from one to the other: the new one is scaled up to the desired
// count beside the old one, which is kept at it. Nothing of both is stopped but what is too much or unhealthy.
import type { Deployment } from '../services/rows.ts';
import { dispensable } from './dispensable.ts';
import { changesAt, isHealthy, isUnhealthy, unhealthyStop } from './health.ts';
import type { KeptService, KeptTask, Moves, PlanSettings, Stop } from './types.ts';

interface Side {
  readonly missing: number;
  readonly stop: readonly Stop[];
  readonly healthy: number;
}

function side(deployment: Deployment | undefined, tasks: readonly KeptTask[], service: KeptService, now: PlanSettings) {
  const mine = tasks.filter((task) => task.deploymentId === deployment?.id && !task.lost);
  const sick = mine.filter((task) => isUnhealthy(task, service, now));
  const sound = mine.filter((task) => !sick.includes(task));
  const healthy = (task: KeptTask) => isHealthy(task, service, now);
  const staying = sound.filter((task) => !task.draining);
  const free = staying.filter((task) => task.protectedUntil <= now.now);
  const surplus = dispensable(free, staying.length - service.desiredCount, healthy);
  // What is on a draining instance goes when the others are enough.
  const enough = staying.filter(healthy).length >= service.desiredCount;
  const leaving = sound.filter((task) => task.draining && (enough || task.lastStatus !== 'RUNNING'));
  const result: Side = {
    missing: Math.max(0, service.desiredCount - staying.length),
    stop: [
      ...sick.map(unhealthyStop),
      ...[...surplus, ...leaving].map(({ arn }) => ({ arn, why: 'scaling' as const })),
    ],
    healthy: staying.filter(healthy).length,
  };
  return result;
}

/**
 * `starts` is false before the stage in which the new revision is scaled up; `clears` is false as long as another revision
 * may still get traffic.
 */
export function planGreen(
  service: KeptService,
  tasks: readonly KeptTask[],
  settings: PlanSettings,
  { starts = true, clears = true }: { readonly starts?: boolean; readonly clears?: boolean },
): Moves & { readonly startOf: string | undefined; readonly scaledUp: boolean } {
  const { desiredCount } = service;
  const [green] = service.deployments;
  const blue = service.deployments.find((each) => each.id === service.lastCompleted?.id && each.id !== green?.id);
  const alive = tasks.filter((task) => task.lastStatus !== 'STOPPED' && task.desiredStatus === 'RUNNING');
  const right = side(green, alive, service, settings);
  const left = side(blue, alive, service, settings);
  const waits = !starts || green === undefined || settings.now < green.retryAt;
  const startGreen = waits ? 0 : right.missing;
  const startBlue = blue === undefined || settings.now < blue.retryAt ? 0 : left.missing;
  // The old one serves: it comes first.
  const ofBlue = startBlue > 0;
  const kept = new Set([green?.id, blue?.id]);
  const others = clears ? alive.filter((task) => !kept.has(task.deploymentId)) : [];
  return {
    start: ofBlue ? startBlue : startGreen,
    startOf: ofBlue ? blue?.id : green?.id,
    startOn: [],
    stop: [
      ...right.stop,
      ...(blue === undefined ? [] : left.stop),
      ...others.map(({ arn }) => ({ arn, why: 'scaling' as const })),
    ],
    stopIfNoRoom: [],
    desiredCount,
    moving: undefined,
    settled: false,
    blocked: false,
    times: alive.map((task) => changesAt(task, service, settings)),
    scaledUp: right.healthy >= desiredCount,
  };
}

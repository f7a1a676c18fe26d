// DAEMON: exactly one task on each ACTIVE instance that suits it. A draining instance keeps its daemon until nothing else
// is left on it; an instance that no longer suits loses it. A deployment goes from instance to instance, and no more of
// them are without a healthy task at once than the minimum allows.
import { changesAt, isHealthy, isUnhealthy, unhealthyStop } from './health.ts';
import type { KeptInstance, KeptService, KeptTask, Moves, PlanSettings, Stop } from './types.ts';

interface Post {
  readonly instance: KeptInstance;
  /** Alive, in whatever state. */
  readonly alive: readonly KeptTask[];
  /** Of the primary deployment, newest last. */
  readonly current: readonly KeptTask[];
  readonly old: readonly KeptTask[];
}

function stopsOf(tasks: readonly KeptTask[]): Stop[] {
  return tasks.map(({ arn }) => ({ arn, why: 'scaling' }));
}

/** Where it is to run: ACTIVE instances that suit. Those that are lost for now keep what they have. */
function postsOf(service: KeptService, wanted: readonly KeptTask[], alive: readonly KeptTask[], on: KeptInstance[]) {
  const primary = service.deployments[0]?.id;
  return on.map((instance): Post => {
    const mine = wanted
      .filter((task) => task.instanceArn === instance.arn)
      .toSorted((a, b) => a.createdAt - b.createdAt || (a.arn < b.arn ? -1 : 1));
    return {
      instance,
      alive: alive.filter((task) => task.instanceArn === instance.arn),
      current: mine.filter((task) => task.deploymentId === primary),
      old: mine.filter((task) => task.deploymentId !== primary),
    };
  });
}

export function planDaemon(
  service: KeptService,
  tasks: readonly KeptTask[],
  instances: readonly KeptInstance[],
  settings: PlanSettings,
): Moves {
  const [primary] = service.deployments;
  const alive = tasks.filter((task) => task.lastStatus !== 'STOPPED');
  const wanted = alive.filter((task) => task.desiredStatus === 'RUNNING');
  const sick = wanted.filter((task) => isUnhealthy(task, service, settings));
  const sound = wanted.filter((task) => !sick.includes(task));
  const healthy = (task: KeptTask) => isHealthy(task, service, settings);
  const waits = primary === undefined || primary.rolloutState === 'FAILED' || settings.now < primary.retryAt;

  const suited = instances.filter((each) => each.status === 'ACTIVE' && each.suits);
  const posts = postsOf(service, sound, alive, suited);
  const desiredCount = suited.filter((each) => !each.lost).length;
  const minimum = Math.ceil((desiredCount * service.minimumHealthyPercent) / 100);
  const overlap = Math.floor((desiredCount * service.maximumPercent) / 100) > desiredCount;

  const startOn: string[] = [];
  const retiring: KeptTask[] = [];
  const extra: KeptTask[] = [];
  let spare = sound.filter((task) => !task.lost && healthy(task)).length - minimum;
  for (const post of posts) {
    extra.push(...post.current.slice(1));
    const [current] = post.current;
    const ready = current !== undefined && healthy(current);
    const free = !post.instance.lost && post.instance.connected;
    const crowd = post.alive.filter((task) => !post.old.includes(task)).length;
    // Start beside the old one where the maximum allows, else in the place that it left.
    if (current === undefined && free && !waits && crowd === 0 && (post.old.length === 0 || overlap))
      startOn.push(post.instance.arn);
    if (primary?.rolloutState === 'FAILED') continue;
    for (const task of post.old) {
      if (ready || !healthy(task)) retiring.push(task);
      else if (!overlap && free && !waits && spare > 0 && task.protectedUntil <= settings.now) {
        spare -= 1;
        retiring.push(task);
      }
    }
  }

  const places = new Map(instances.map((each) => [each.arn, each]));
  const astray = sound.filter((task) => {
    const instance = places.get(task.instanceArn);
    if (instance === undefined) return true;
    if (instance.status === 'DRAINING') return instance.others === 0;
    return !instance.suits;
  });
  const stop = [...sick.map(unhealthyStop), ...stopsOf([...extra, ...retiring, ...astray])];
  const settled =
    stop.length === 0 &&
    posts
      .filter((post) => !post.instance.lost)
      .every((post) => post.alive.length === 1 && post.current.length === 1 && post.current.every(healthy));
  return {
    start: 0,
    startOn,
    stop,
    stopIfNoRoom: [],
    desiredCount,
    moving: undefined,
    settled,
    blocked: false,
    times: [...sound, ...sick].map((task) => changesAt(task, service, settings)),
  };
}

// Spreading anew: whether a task of a service at rest should be on another instance, because one came that has fewer of
// them. Each move makes zones, or within them instances, more equal by at least two tasks, so there is an end to it. One
// task moves at a time: it is started first and, when it is healthy, one is stopped where there are most.
import type { KeptInstance, KeptService, KeptTask, PlanSettings } from './types.ts';

function counted(tasks: readonly KeptTask[], key: (task: KeptTask) => string): (key: string) => number {
  const counts = new Map<string, number>();
  for (const task of tasks) counts.set(key(task), (counts.get(key(task)) ?? 0) + 1);
  return (each) => counts.get(each) ?? 0;
}

/** Whether the service may have one more task for a while, and is at rest. */
function mayMove(service: KeptService, tasks: readonly KeptTask[], settings: PlanSettings): boolean {
  const [primary] = service.deployments;
  const most = Math.floor((service.desiredCount * service.maximumPercent) / 100);
  return (
    service.balance !== 'none' &&
    service.steady &&
    service.moving === undefined &&
    primary?.rolloutState === 'COMPLETED' &&
    settings.now >= primary.retryAt &&
    tasks.filter((task) => task.lastStatus !== 'STOPPED' && !task.lost).length < most
  );
}

/** The instance to start one more task on, or undefined if all is well. */
export function planMove(
  service: KeptService,
  tasks: readonly KeptTask[],
  instances: readonly KeptInstance[],
  settings: PlanSettings,
): string | undefined {
  if (!mayMove(service, tasks, settings)) return undefined;
  const placed = tasks.filter((task) => task.lastStatus !== 'STOPPED' && !task.lost);
  const zones = new Map(instances.map((each) => [each.arn, each.zone]));
  const zoneOf = (task: KeptTask) => zones.get(task.instanceArn) ?? '';
  const inZone = counted(placed, zoneOf);
  const onInstance = counted(placed, (task) => task.instanceArn);
  const free = placed.filter((task) => task.protectedUntil <= settings.now);
  const goals = instances
    .filter((each) => each.status === 'ACTIVE' && each.connected && !each.lost && each.suits && each.room)
    .toSorted(
      (a, b) => inZone(a.zone) - inZone(b.zone) || onInstance(a.arn) - onInstance(b.arn) || (a.arn < b.arn ? -1 : 1),
    );
  const [goal] = goals;
  if (goal !== undefined && free.some((task) => inZone(zoneOf(task)) - inZone(goal.zone) >= 2)) return goal.arn;
  if (service.balance !== 'instances') return undefined;
  // Between instances of one zone, or from a zone that has more to one that has fewer.
  const better = goals.find((to) =>
    free.some(
      (task) =>
        onInstance(task.instanceArn) - onInstance(to.arn) >= 2 &&
        (zoneOf(task) === to.zone || inZone(zoneOf(task)) > inZone(to.zone)),
    ),
  );
  return better?.arn;
}

// Which tasks to stop when there are too many: what does not serve, then from where most are — zone first, then
// instance — so that stopping leaves the rest spread as evenly as ECS promises, and of these the newest.
import type { KeptTask } from './types.ts';

function counts(tasks: readonly KeptTask[], key: (task: KeptTask) => string): Map<string, number> {
  const found = new Map<string, number>();
  for (const task of tasks) found.set(key(task), (found.get(key(task)) ?? 0) + 1);
  return found;
}

const zoneOf = (task: KeptTask) => task.zone;
const instanceOf = (task: KeptTask) => task.instanceArn;

/** The `count` that are missed least. `healthy` says which of those that run count as healthy. */
export function dispensable(
  tasks: readonly KeptTask[],
  count: number,
  healthy: (task: KeptTask) => boolean = () => true,
): KeptTask[] {
  if (count <= 0) return [];
  const worth = (task: KeptTask) => (task.lastStatus === 'RUNNING' ? 1 : 0) + (healthy(task) ? 1 : 0);
  const left = tasks.toSorted((a, b) => worth(a) - worth(b) || b.createdAt - a.createdAt || (a.arn < b.arn ? -1 : 1));
  const zones = counts(left, zoneOf);
  const instances = counts(left, instanceOf);
  const chosen: KeptTask[] = [];
  const crowd = (task: KeptTask) =>
    (zones.get(zoneOf(task)) ?? 0) * (left.length + 1) + (instances.get(instanceOf(task)) ?? 0);
  while (chosen.length < count && left.length > 0) {
    const least = left[0] === undefined ? 0 : worth(left[0]);
    let best = 0;
    for (let at = 1; at < left.length; at++) {
      const [task, leader] = [left[at], left[best]];
      if (task === undefined || leader === undefined || worth(task) > least) break;
      if (crowd(task) > crowd(leader)) best = at;
    }
    const [task] = left.splice(best, 1);
    if (task === undefined) break;
    chosen.push(task);
    zones.set(zoneOf(task), (zones.get(zoneOf(task)) ?? 0) - 1);
    instances.set(instanceOf(task), (instances.get(instanceOf(task)) ?? 0) - 1);
  }
  return chosen;
}

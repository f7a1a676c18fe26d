// Takes in what agents report of a task: applies it to the record and writes what changed, with all that follows.
import type { NetworkBinding } from '@aws-sdk/client-ecs';
import { requireCluster } from './clusters.ts';
import type { Core } from './core.ts';
import { ecsErrors, invalidParameter } from './errors.ts';
import { clusterArnOf, inClusterArn, type Place } from './names.ts';
import { applyReport, type TaskReport } from './task-state.ts';
import { moveTaskSteps } from './task-steps.ts';
import { type Binding, findTask, type TaskRecord } from './tasks.ts';

/** What an agent says is bounded like what a user says: reasons are cut, lists are limited. */
export function readReason(reason: string | undefined): string | undefined {
  return reason === undefined || reason === '' ? undefined : reason.slice(0, 1024);
}

export function readBindings(bindings: readonly NetworkBinding[] | undefined): Binding[] | undefined {
  if (bindings === undefined) return undefined;
  if (bindings.length > 200) throw invalidParameter('At most 200 network bindings a container are allowed.');
  return bindings.map((each) => ({
    bindIP: each.bindIP?.slice(0, 64),
    containerPort: each.containerPort,
    hostPort: each.hostPort,
    ...(each.containerPortRange && { containerPortRange: each.containerPortRange.slice(0, 16) }),
    ...(each.hostPortRange && { hostPortRange: each.hostPortRange.slice(0, 16) }),
    protocol: each.protocol === 'udp' ? 'udp' : 'tcp',
  }));
}

interface Change {
  readonly before: TaskRecord;
  readonly after: TaskRecord;
}

function note(core: Core, { before, after }: Change): void {
  if (after.lastStatus === 'STOPPED') core.counters.tasksStopped.add(1, { code: after.stopCode });
  if (after.startedAt !== undefined && before.startedAt === undefined)
    core.counters.startSeconds.observe((after.startedAt - after.createdAt) / 1000);
  if (after.desiredStatus !== before.desiredStatus && after.lastStatus !== 'STOPPED')
    core.wakeInstance(after.instanceArn);
  if (after.serviceArn !== '') core.wakeKeeper();
}

/**
 * Applies a report. One about a task that is not known (any more) is acknowledged and dropped: an agent that was away
 * for long must be able to get rid of its old reports. Throws ClusterNotFoundException.
 */
export async function takeReport(
  core: Core,
  place: Place,
  cluster: string | undefined,
  task: string | undefined,
  report: TaskReport,
  now: number,
): Promise<void> {
  const clusterArn = clusterArnOf(place, cluster);
  if (clusterArn === undefined) throw ecsErrors.clusterNotFound();
  if (!task) throw invalidParameter('task must not be empty.');
  const arn = inClusterArn('task', clusterArn, task);
  const change = await core.store.update(async (view) => {
    const before = await findTask(view, arn);
    if (before === undefined || before.clusterArn !== clusterArn) {
      // A cluster with tasks is there: it need not be looked for when the task is found.
      await requireCluster(view, place, cluster);
      core.log.info({ task: arn }, 'a report about an unknown task was dropped');
      return { steps: [], result: undefined };
    }
    const after = applyReport(before, report, now);
    if (after === undefined) return { steps: [], result: undefined };
    return { steps: moveTaskSteps(before, after, now), result: { before, after } };
  });
  if (change !== undefined) note(core, change);
}

// StopTask: wants a task stopped. Its agent stops it (SIGTERM, then SIGKILL) and reports.
import { StopTask$, type StopTaskRequest, type StopTaskResponse } from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { memberAccess } from '../access.ts';
import { requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { ecsErrors, invalidParameter } from '../errors.ts';
import { inClusterArn } from '../names.ts';
import { findTags } from '../tags.ts';
import { shapeTask } from '../task-shape.ts';
import { askToStop } from '../task-state.ts';
import { moveTaskSteps } from '../task-steps.ts';
import { findTask } from '../tasks.ts';

export function stopTask(core: Core) {
  return operation<StopTaskRequest, StopTaskResponse>({
    name: 'StopTask',
    schema: StopTask$,
    effect: 'write',
    access: (input, call) => memberAccess('task', input.cluster, [input.task], call),
    async handle(input, call) {
      if ((input.reason?.length ?? 0) > 255) throw invalidParameter('The reason must be at most 255 characters.');
      const reason = input.reason || 'Task stopped by user';
      const cluster = await requireCluster(core.store, placeOf(call), input.cluster);
      const arn = inClusterArn('task', cluster.arn, input.task ?? '');
      const task = await core.store.update(async (view) => {
        const before = await findTask(view, arn);
        if (before === undefined || before.clusterArn !== cluster.arn) throw ecsErrors.taskNotFound();
        const after = askToStop(before, 'UserInitiated', reason, call.now);
        if (after === undefined) return { steps: [], result: before };
        return { steps: moveTaskSteps(before, after, call.now), result: after };
      });
      core.wakeInstance(task.instanceArn);
      if (task.serviceArn !== '') core.wakeKeeper();
      return { task: shapeTask(task, (await findTags(core.store, [arn])).get(arn)) };
    },
  });
}

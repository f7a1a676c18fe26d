// DeregisterContainerInstance: the instance becomes INACTIVE. With `force`, its tasks count as stopped; when its agent
// comes back it registers anew, and the manifest makes it stop them.
import {
  DeregisterContainerInstance$,
  type DeregisterContainerInstanceRequest,
  type DeregisterContainerInstanceResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { sql } from '@longshore/store';
import { memberAccess } from '../access.ts';
import { requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { ecsErrors } from '../errors.ts';
import { instanceEvent } from '../events.ts';
import { findInstance } from '../instances.ts';
import { shapeInstances } from '../instance-shape.ts';
import { inClusterArn } from '../names.ts';
import { endNow } from '../task-state.ts';
import { moveTaskSteps } from '../task-steps.ts';
import { findTasks, type TaskRecord } from '../tasks.ts';

const reason = 'The container instance was deregistered.';

/** STOPPED by decision: nobody will report of it any more under this instance. */
function orphan(task: TaskRecord, now: number): TaskRecord {
  return endNow(
    {
      ...task,
      stopCode: task.stopCode === '' ? 'TerminationNotice' : task.stopCode,
      version: task.version + 1,
      document: { ...task.document, stoppedReason: task.document.stoppedReason ?? reason },
    },
    now,
  );
}

export function deregisterContainerInstance(core: Core) {
  return operation<DeregisterContainerInstanceRequest, DeregisterContainerInstanceResponse>({
    name: 'DeregisterContainerInstance',
    schema: DeregisterContainerInstance$,
    effect: 'write',
    access: (input, call) => memberAccess('container-instance', input.cluster, [input.containerInstance], call),
    async handle(input, call) {
      const cluster = await requireCluster(core.store, placeOf(call), input.cluster);
      const arn = inClusterArn('container-instance', cluster.arn, input.containerInstance ?? '');
      await core.store.update(async (view) => {
        const instance = await findInstance(view, arn);
        if (instance === undefined || instance.clusterArn !== cluster.arn || instance.status === 'INACTIVE')
          throw ecsErrors.instanceNotFound();
        const tasks = await findTasks(view, sql`instance_arn = ${arn} AND last_status <> 'STOPPED'`);
        if (tasks.length > 0 && !input.force) throw ecsErrors.instanceHasTasks();
        const steps = [
          {
            // The version guards against a task that is placed on it meanwhile.
            sql: sql`UPDATE ecs_instances SET status = 'INACTIVE', connected = 0, connection_id = '',
                version = version + 1 WHERE arn = ${arn} AND version = ${instance.version}`,
            expect: 1,
          },
          ...tasks.flatMap((task) => moveTaskSteps(task, orphan(task, call.now), call.now)),
          instanceEvent(instance, call.now, { status: 'INACTIVE', connected: false }),
        ];
        return { steps, result: undefined };
      });
      core.wakeKeeper();
      const instance = await findInstance(core.store, arn);
      const [containerInstance] = await shapeInstances(core.store, instance ? [instance] : [], () => undefined);
      return { containerInstance };
    },
  });
}

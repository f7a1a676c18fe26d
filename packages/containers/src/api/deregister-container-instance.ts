// DeregisterContainerInstance: the instance becomes INACTIVE. With `force`, its tasks count as stopped; when its agent
// comes back it registers anew, and the manifest makes it stop them.
import {
  DeregisterContainerInstance$,
  type DeregisterContainerInstanceRequest,
  type DeregisterContainerInstanceResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { memberAccess } from '../access.ts';
import { requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { deregisterSteps, liveTasks } from '../deregister.ts';
import { ecsErrors } from '../errors.ts';
import { findInstance } from '../instances.ts';
import { shapeInstances } from '../instance-shape.ts';
import { inClusterArn } from '../names.ts';

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
        if (!input.force && (await liveTasks(view, arn)).length > 0) throw ecsErrors.instanceHasTasks();
        return { steps: await deregisterSteps(view, instance, call.now), result: undefined };
      });
      core.wakeKeeper();
      const instance = await findInstance(core.store, arn);
      const [containerInstance] = await shapeInstances(core.store, instance ? [instance] : [], () => undefined);
      return { containerInstance };
    },
  });
}

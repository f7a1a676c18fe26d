// UpdateContainerInstancesState: ACTIVE or DRAINING. A draining instance gets no tasks; services move theirs away.
import {
  UpdateContainerInstancesState$,
  type UpdateContainerInstancesStateRequest,
  type UpdateContainerInstancesStateResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { sql } from '@longshore/store';
import { memberAccess } from '../access.ts';
import { requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { invalidParameter } from '../errors.ts';
import { instanceEvent } from '../events.ts';
import { findInstances } from '../instances.ts';
import { shapeInstances } from '../instance-shape.ts';
import { inClusterArn } from '../names.ts';

export function updateContainerInstancesState(core: Core) {
  return operation<UpdateContainerInstancesStateRequest, UpdateContainerInstancesStateResponse>({
    name: 'UpdateContainerInstancesState',
    schema: UpdateContainerInstancesState$,
    effect: 'write',
    access: (input, call) => memberAccess('container-instance', input.cluster, input.containerInstances, call),
    async handle(input, call) {
      const references = input.containerInstances ?? [];
      if (references.length === 0) throw invalidParameter('Container instances cannot be empty.');
      if (references.length > 10) throw invalidParameter('Container instances cannot have more than 10 entries.');
      const { status } = input;
      if (status !== 'ACTIVE' && status !== 'DRAINING') throw invalidParameter('status must be ACTIVE or DRAINING.');
      const cluster = await requireCluster(core.store, placeOf(call), input.cluster);
      const arns = [...new Set(references.map((each) => inClusterArn('container-instance', cluster.arn, each)))];
      const failures = await core.store.update(async (view) => {
        const known = (await findInstances(view, arns)).filter((each) => each.clusterArn === cluster.arn);
        const usable = known.filter((each) => each.status !== 'INACTIVE');
        const steps = usable
          .filter((each) => each.status !== status)
          .flatMap((each) => [
            {
              sql: sql`UPDATE ecs_instances SET status = ${status}, version = version + 1
                WHERE arn = ${each.arn} AND status = ${each.status}`,
              expect: 1,
            },
            instanceEvent(each, call.now, { status, connected: each.connected }),
          ]);
        const missing = arns.filter((arn) => !known.some((each) => each.arn === arn));
        const inactive = known.filter((each) => each.status === 'INACTIVE').map((each) => each.arn);
        const result = [
          ...missing.map((arn) => ({ arn, reason: 'MISSING' })),
          ...inactive.map((arn) => ({ arn, reason: 'INACTIVE' })),
        ];
        return { steps, result };
      });
      core.wakeKeeper();
      const failed = new Set(failures.map((each) => each.arn));
      const instances = await findInstances(
        core.store,
        arns.filter((arn) => !failed.has(arn)),
      );
      return { containerInstances: await shapeInstances(core.store, instances, () => undefined), failures };
    },
  });
}

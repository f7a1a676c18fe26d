// DeleteService: a service at 0, a DAEMON, or any with `force`. It drains: the keeper stops its tasks, then it is INACTIVE.
import { DeleteService$, type DeleteServiceRequest, type DeleteServiceResponse } from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { memberAccess } from '../access.ts';
import { requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { ecsErrors } from '../errors.ts';
import { inClusterArn } from '../names.ts';
import { stopRollout } from '../services/deploy.ts';
import { saveRollout } from '../services/rollouts.ts';
import { shapeServices } from '../services/shape.ts';
import { findService, replaceService } from '../services/rows.ts';

export function deleteService(core: Core) {
  return operation<DeleteServiceRequest, DeleteServiceResponse>({
    name: 'DeleteService',
    schema: DeleteService$,
    effect: 'write',
    access: (input, call) => memberAccess('service', input.cluster, [input.service], call),
    async handle(input, call) {
      const cluster = await requireCluster(core.store, placeOf(call), input.cluster);
      const arn = inClusterArn('service', cluster.arn, input.service ?? '');
      await core.store.update(async (view) => {
        const service = await findService(view, arn);
        if (service === undefined || service.clusterArn !== cluster.arn) throw ecsErrors.serviceNotFound();
        if (service.status === 'INACTIVE') throw ecsErrors.serviceNotFound();
        const daemon = service.document.schedulingStrategy === 'DAEMON';
        if (service.desiredCount > 0 && !daemon && !input.force) throw ecsErrors.serviceScaledUp();
        const rollout = stopRollout(service, 'The service was deleted.', call.now);
        const document = { ...service.document, rollout, moving: undefined, steady: false };
        const after = { ...service, document, status: 'DRAINING' as const, desiredCount: 0, updatedAt: call.now };
        const steps = [
          replaceService(service, after),
          ...(rollout === undefined ? [] : [saveRollout(service, rollout)]),
        ];
        return { steps, result: undefined };
      });
      core.wakeKeeper();
      const service = await findService(core.store, arn);
      const [shaped] = await shapeServices(core.store, service ? [service] : [], () => undefined);
      return { service: shaped };
    },
  });
}

// UpdateServicePrimaryTaskSet: what the service shows as its own (definition, load balancers) is the primary set's.
import {
  UpdateServicePrimaryTaskSet$,
  type UpdateServicePrimaryTaskSetRequest,
  type UpdateServicePrimaryTaskSetResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import type { Core } from '../core.ts';
import { invalidParameter } from '../errors.ts';
import { replaceService } from '../services/rows.ts';
import { requireExternalService, requireTaskSet, taskSetAccess } from '../task-sets/input.ts';
import { findTaskSets, replaceTaskSet } from '../task-sets/rows.ts';
import { shapeTaskSets } from '../task-sets/shape.ts';

export function updateServicePrimaryTaskSet(core: Core) {
  return operation<UpdateServicePrimaryTaskSetRequest, UpdateServicePrimaryTaskSetResponse>({
    name: 'UpdateServicePrimaryTaskSet',
    schema: UpdateServicePrimaryTaskSet$,
    effect: 'write',
    access: (input, call) => taskSetAccess(input, [input.primaryTaskSet], call),
    async handle(input, call) {
      const { service, set } = await core.store.update(async (view) => {
        const service = await requireExternalService(core, view, input, call);
        const chosen = await requireTaskSet(view, service, input.primaryTaskSet, call);
        if (chosen.status === 'DRAINING') throw invalidParameter('The task set is being deleted.');
        const set = { ...chosen, status: 'PRIMARY' as const, updatedAt: call.now };
        if (chosen.status === 'PRIMARY') return { steps: [], result: { service, set: chosen } };
        const others = (await findTaskSets(view, [service.arn])).filter((each) => each.status === 'PRIMARY');
        const { definitionArn, attachments } = chosen.document.deployment;
        const after = {
          ...service,
          definitionArn,
          updatedAt: call.now,
          document: { ...service.document, ...attachments },
        };
        const steps = [
          replaceService(service, after),
          replaceTaskSet(chosen, set),
          ...others.map((each) => replaceTaskSet(each, { ...each, status: 'ACTIVE' as const, updatedAt: call.now })),
        ];
        return { steps, result: { service: after, set } };
      });
      core.wakeKeeper();
      const [taskSet] = await shapeTaskSets(core.store, service, [set], () => undefined);
      return { taskSet };
    },
  });
}

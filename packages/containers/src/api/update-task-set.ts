// UpdateTaskSet: another share of the service's desired count.
import { UpdateTaskSet$, type UpdateTaskSetRequest, type UpdateTaskSetResponse } from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import type { Core } from '../core.ts';
import { invalidParameter } from '../errors.ts';
import { readScale, requireExternalService, requireTaskSet, taskSetAccess } from '../task-sets/input.ts';
import { replaceTaskSet } from '../task-sets/rows.ts';
import { shapeTaskSets } from '../task-sets/shape.ts';

export function updateTaskSet(core: Core) {
  return operation<UpdateTaskSetRequest, UpdateTaskSetResponse>({
    name: 'UpdateTaskSet',
    schema: UpdateTaskSet$,
    effect: 'write',
    access: (input, call) => taskSetAccess(input, [input.taskSet], call),
    async handle(input, call) {
      if (input.scale?.value === undefined) throw invalidParameter('scale.value must be given.');
      const scale = readScale(input.scale);
      const { service, set } = await core.store.update(async (view) => {
        const service = await requireExternalService(core, view, input, call);
        const before = await requireTaskSet(view, service, input.taskSet, call);
        if (before.status === 'DRAINING') throw invalidParameter('The task set is being deleted.');
        const document = { ...before.document, scale, steady: false, steadyAt: call.now };
        const set = { ...before, updatedAt: call.now, document };
        return { steps: [replaceTaskSet(before, set)], result: { service, set } };
      });
      core.wakeKeeper();
      const [taskSet] = await shapeTaskSets(core.store, service, [set], () => undefined);
      return { taskSet };
    },
  });
}

// DeleteTaskSet: a set at 0 percent, or any with `force`. It drains: the keeper stops its tasks, then it is gone.
import { DeleteTaskSet$, type DeleteTaskSetRequest, type DeleteTaskSetResponse } from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import type { Core } from '../core.ts';
import { invalidParameter } from '../errors.ts';
import { requireExternalService, requireTaskSet, taskSetAccess } from '../task-sets/input.ts';
import { replaceTaskSet } from '../task-sets/rows.ts';
import { shapeTaskSets } from '../task-sets/shape.ts';

export function deleteTaskSet(core: Core) {
  return operation<DeleteTaskSetRequest, DeleteTaskSetResponse>({
    name: 'DeleteTaskSet',
    schema: DeleteTaskSet$,
    effect: 'write',
    access: (input, call) => taskSetAccess(input, [input.taskSet], call),
    async handle(input, call) {
      const { service, set } = await core.store.update(async (view) => {
        const service = await requireExternalService(core, view, input, call);
        const before = await requireTaskSet(view, service, input.taskSet, call);
        if (before.document.scale.value > 0 && !input.force)
          throw invalidParameter(
            'The task set cannot be deleted while it is scaled above 0. Set its scale to 0 first, or use force.',
          );
        const document = { ...before.document, steady: false, steadyAt: call.now };
        const set = { ...before, status: 'DRAINING' as const, updatedAt: call.now, document };
        return { steps: [replaceTaskSet(before, set)], result: { service, set } };
      });
      core.wakeKeeper();
      const [taskSet] = await shapeTaskSets(core.store, service, [set], () => undefined);
      return { taskSet };
    },
  });
}

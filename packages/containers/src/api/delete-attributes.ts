// DeleteAttributes: takes attributes away from instances, up to ten a call; a value, where given, must be the present one.
import {
  type Attribute,
  DeleteAttributes$,
  type DeleteAttributesRequest,
  type DeleteAttributesResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { attributeAccess, changeAttributes } from '../attributes.ts';
import type { Core } from '../core.ts';
import { ecsErrors } from '../errors.ts';

function isDeleted(present: Attribute, wanted: readonly Attribute[]): boolean {
  return wanted.some((each) => each.name === present.name && (each.value ?? present.value) === present.value);
}

export function deleteAttributes(core: Core) {
  return operation<DeleteAttributesRequest, DeleteAttributesResponse>({
    name: 'DeleteAttributes',
    schema: DeleteAttributes$,
    effect: 'write',
    access: attributeAccess,
    async handle(input, call) {
      // By instance, as a lost race asks for the change again.
      const gone = new Map<string, readonly Attribute[]>();
      await changeAttributes(core, call, input, (instance, wanted) => {
        const matching = instance.attributes.filter((each) => isDeleted(each, wanted));
        if (matching.length === 0) throw ecsErrors.targetNotFound();
        const targeted = { targetType: 'container-instance' as const, targetId: instance.arn };
        gone.set(
          instance.arn,
          matching.map((each) => ({ ...each, ...targeted })),
        );
        return instance.attributes.filter((each) => !isDeleted(each, wanted));
      });
      return { attributes: [...gone.values()].flat() };
    },
  });
}

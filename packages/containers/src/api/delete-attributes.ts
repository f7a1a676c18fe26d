// DeleteAttributes: takes attributes away from instances, up to ten a call; a value, where given, must be the present one.
import {
  type Attribute,
  DeleteAttributes$,
  type DeleteAttributesRequest,
  type DeleteAttributesResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { sql } from '@longshore/store';
import { memberAccess } from '../access.ts';
import { attributesByTarget } from '../attributes.ts';
import { requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { writeDocument } from '../documents.ts';
import { ecsErrors } from '../errors.ts';
import { findInstances } from '../instances.ts';

function isDeleted(present: Attribute, wanted: readonly Attribute[]): boolean {
  return wanted.some((each) => each.name === present.name && (each.value ?? present.value) === present.value);
}

export function deleteAttributes(core: Core) {
  return operation<DeleteAttributesRequest, DeleteAttributesResponse>({
    name: 'DeleteAttributes',
    schema: DeleteAttributes$,
    effect: 'write',
    access: (input, call) =>
      memberAccess(
        'container-instance',
        input.cluster,
        input.attributes?.map((each) => each.targetId),
        call,
      ),
    async handle(input, call) {
      const cluster = await requireCluster(core.store, placeOf(call), input.cluster);
      const byTarget = attributesByTarget(cluster.arn, input.attributes);
      const gone = await core.store.update(async (view) => {
        const instances = await findInstances(view, [...byTarget.keys()]);
        const usable = instances.filter((each) => each.clusterArn === cluster.arn && each.status !== 'INACTIVE');
        if (usable.length !== byTarget.size) throw ecsErrors.targetNotFound();
        const result: Attribute[] = [];
        const steps = usable.map((instance) => {
          const wanted = byTarget.get(instance.arn) ?? [];
          const targeted = { targetType: 'container-instance' as const, targetId: instance.arn };
          const matching = instance.attributes.filter((each) => isDeleted(each, wanted));
          if (matching.length === 0) throw ecsErrors.targetNotFound();
          result.push(...matching.map((each) => ({ ...each, ...targeted })));
          const kept = instance.attributes.filter((each) => !isDeleted(each, wanted));
          return {
            sql: sql`UPDATE ecs_instances SET attributes = ${writeDocument(kept)}, version = version + 1
              WHERE arn = ${instance.arn} AND version = ${instance.version}`,
            expect: 1,
          };
        });
        return { steps, result };
      });
      core.wakeKeeper();
      return { attributes: gone };
    },
  });
}

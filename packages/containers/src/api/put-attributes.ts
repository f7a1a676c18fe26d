// PutAttributes: sets or replaces attributes of instances, up to ten a call.
import { PutAttributes$, type PutAttributesRequest, type PutAttributesResponse } from '@aws-sdk/client-ecs';
import { AwsError, operation } from '@longshore/aws';
import { sql } from '@longshore/store';
import { memberAccess } from '../access.ts';
import { attributesByTarget } from '../attributes.ts';
import { requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { writeDocument } from '../documents.ts';
import { ecsErrors } from '../errors.ts';
import { findInstances } from '../instances.ts';

export function putAttributes(core: Core) {
  return operation<PutAttributesRequest, PutAttributesResponse>({
    name: 'PutAttributes',
    schema: PutAttributes$,
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
      await core.store.update(async (view) => {
        const instances = await findInstances(view, [...byTarget.keys()]);
        const usable = instances.filter((each) => each.clusterArn === cluster.arn && each.status !== 'INACTIVE');
        if (usable.length !== byTarget.size) throw ecsErrors.targetNotFound();
        const steps = usable.map((instance) => {
          const news = byTarget.get(instance.arn) ?? [];
          const merged = new Map([...instance.attributes, ...news].map((each) => [each.name, each]));
          if (merged.size > 200)
            throw new AwsError('AttributeLimitExceededException', 'An instance can have at most 200 attributes.');
          return {
            sql: sql`UPDATE ecs_instances SET attributes = ${writeDocument([...merged.values()])}, version = version + 1
              WHERE arn = ${instance.arn} AND version = ${instance.version}`,
            expect: 1,
          };
        });
        return { steps, result: undefined };
      });
      core.wakeKeeper();
      return { attributes: [...(input.attributes ?? [])] };
    },
  });
}

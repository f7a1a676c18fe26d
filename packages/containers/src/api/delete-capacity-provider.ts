// DeleteCapacityProvider: only one that no cluster has. Its machines are not touched.
import {
  DeleteCapacityProvider$,
  type DeleteCapacityProviderRequest,
  type DeleteCapacityProviderResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { sql } from '@longshore/store';
import { providerAccess } from '../access.ts';
import { type Core, placeOf } from '../core.ts';
import { clientError, ecsErrors } from '../errors.ts';
import { clustersWithProvider } from '../providers/clusters-with.ts';
import { deleteProvider, findProviders, providerArnOf } from '../providers/records.ts';
import { shapeProvider } from '../providers/shape.ts';
import { forgetTagsStep } from '../tags.ts';

export function deleteCapacityProvider(core: Core) {
  return operation<DeleteCapacityProviderRequest, DeleteCapacityProviderResponse>({
    name: 'DeleteCapacityProvider',
    schema: DeleteCapacityProvider$,
    effect: 'write',
    access: (input, call) => providerAccess([input.capacityProvider], call),
    async handle(input, call) {
      const place = placeOf(call);
      const arn = providerArnOf(place, input.capacityProvider ?? '');
      const provider = await core.store.update(async (view) => {
        const [before] = arn === undefined ? [] : await findProviders(view, [arn]);
        if (before === undefined) throw ecsErrors.providerNotFound();
        const [user] = await clustersWithProvider(view, before);
        if (user !== undefined)
          throw clientError(
            `The capacity provider cannot be deleted because it is associated with cluster: ${user.name}. ` +
              'Remove the capacity provider from the cluster and try again.',
          );
        const forget = { sql: sql`DELETE FROM ecs_machines WHERE provider_arn = ${before.arn} AND state = 'gone'` };
        return { steps: [deleteProvider(before), forgetTagsStep(before.arn), forget], result: before };
      });
      return { capacityProvider: { ...shapeProvider(provider), status: 'INACTIVE', updateStatus: 'DELETE_COMPLETE' } };
    },
  });
}

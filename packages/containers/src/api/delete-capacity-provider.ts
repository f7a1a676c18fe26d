// DeleteCapacityProvider: only one that no cluster has and whose machines have gone.
import {
  DeleteCapacityProvider$,
  type DeleteCapacityProviderRequest,
  type DeleteCapacityProviderResponse,
} from '@aws-sdk/client-ecs';
import { AwsError, operation } from '@longshore/aws';
import { providerAccess } from '../access.ts';
import { type Core, placeOf } from '../core.ts';
import { clientError, ecsErrors } from '../errors.ts';
import { clustersWithMachines, clustersWithProvider } from '../providers/clusters-with.ts';
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
        if ((await clustersWithMachines(view, before.arn)).length > 0)
          throw new AwsError(
            'UpdateInProgressException',
            'The machines of the capacity provider are being let go. Wait for that and try again.',
          );
        return { steps: [deleteProvider(before), forgetTagsStep(before.arn)], result: before };
      });
      return { capacityProvider: { ...shapeProvider(provider), status: 'INACTIVE', updateStatus: 'DELETE_COMPLETE' } };
    },
  });
}

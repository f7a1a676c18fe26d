// UpdateCapacityProvider: scaling, protection and draining of a provider; what is left out stays.
import {
  UpdateCapacityProvider$,
  type UpdateCapacityProviderRequest,
  type UpdateCapacityProviderResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { providerAccess } from '../access.ts';
import { type Core, placeOf } from '../core.ts';
import { clientError, ecsErrors } from '../errors.ts';
import { readProviderUpdate } from '../providers/input.ts';
import { findProviders, groupName, providerArnOf, replaceProvider } from '../providers/records.ts';
import { shapeProvider } from '../providers/shape.ts';

export function updateCapacityProvider(core: Core) {
  return operation<UpdateCapacityProviderRequest, UpdateCapacityProviderResponse>({
    name: 'UpdateCapacityProvider',
    schema: UpdateCapacityProvider$,
    effect: 'write',
    access: (input, call) => providerAccess([input.name], call),
    async handle(input, call) {
      const place = placeOf(call);
      const arn = providerArnOf(place, input.name ?? '');
      const provider = await core.store.update(async (view) => {
        const [before] = arn === undefined ? [] : await findProviders(view, [arn]);
        if (before === undefined) throw ecsErrors.providerNotFound();
        const document = readProviderUpdate(input, before.document);
        if (
          document.managedScaling.status === 'ENABLED' &&
          !core.machineGroup(place.account, groupName(document.autoScalingGroupArn))
        )
          throw clientError(
            'The specified Auto Scaling group does not exist. Name a group of machines that this server has.',
          );
        return { steps: [replaceProvider(before, document)], result: { ...before, document } };
      });
      core.wakeKeeper();
      return { capacityProvider: shapeProvider(provider) };
    },
  });
}

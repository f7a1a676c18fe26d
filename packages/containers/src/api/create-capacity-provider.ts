// CreateCapacityProvider: names a group of machines as capacity of this account.
import {
  CreateCapacityProvider$,
  type CreateCapacityProviderRequest,
  type CreateCapacityProviderResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { providerAccess } from '../access.ts';
import { type Core, placeOf } from '../core.ts';
import { clientError } from '../errors.ts';
import { checkProviderName, readNewProvider } from '../providers/input.ts';
import { groupName, insertProvider, providerArn } from '../providers/records.ts';
import { shapeProvider } from '../providers/shape.ts';
import { readTags, tagSteps } from '../tags.ts';

export function createCapacityProvider(core: Core) {
  return operation<CreateCapacityProviderRequest, CreateCapacityProviderResponse>({
    name: 'CreateCapacityProvider',
    schema: CreateCapacityProvider$,
    effect: 'write',
    access: (input, call) => providerAccess([input.name], call),
    async handle(input, call) {
      const name = checkProviderName(input.name);
      const document = readNewProvider(input);
      const place = placeOf(call);
      if (
        document.managedScaling.status === 'ENABLED' &&
        !core.machineGroup(place.account, groupName(document.autoScalingGroupArn))
      )
        throw clientError(
          'The specified Auto Scaling group does not exist. Name a group of machines that this server has.',
        );
      const tags = readTags(input.tags);
      const provider = { arn: providerArn(place, name), account: place.account, name, version: 1, document };
      const exists = () =>
        clientError(
          'The specified capacity provider already exists. To change the configuration of an existing capacity provider, ' +
            'update the capacity provider.',
        );
      await core.store.write([insertProvider(provider, call.now, exists), ...tagSteps(provider.arn, tags)]);
      return { capacityProvider: shapeProvider(provider, tags) };
    },
  });
}

// DeregisterPullTimeUpdateExclusion
import {
  DeregisterPullTimeUpdateExclusion$,
  type DeregisterPullTimeUpdateExclusionRequest,
  type DeregisterPullTimeUpdateExclusionResponse,
} from '@aws-sdk/client-ecr';
import { changeRegistryAccount } from '../accounts.ts';
import type { Core } from '../core.ts';
import { RegistryError } from '../errors.ts';
import { registryOperation } from './ecr-operation.ts';
import { requirePrincipalArn } from './register-pull-time-update-exclusion.ts';

export const deregisterPullTimeUpdateExclusionOperation = (core: Core) =>
  registryOperation<DeregisterPullTimeUpdateExclusionRequest, DeregisterPullTimeUpdateExclusionResponse>({
    name: 'DeregisterPullTimeUpdateExclusion',
    schema: DeregisterPullTimeUpdateExclusion$,
    effect: 'write',
    async handle(input, call) {
      const principalArn = requirePrincipalArn(input.principalArn);
      await changeRegistryAccount(core, call.principal.account, ({ settings }) => {
        const held = settings.pullTimeExclusions ?? [];
        const pullTimeExclusions = held.filter((each) => each.principalArn !== principalArn);
        if (pullTimeExclusions.length === held.length) throw new RegistryError('exclusionUnknown');
        return { settings: { ...settings, pullTimeExclusions } };
      });
      return { principalArn };
    },
  });

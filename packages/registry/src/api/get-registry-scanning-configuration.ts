// GetRegistryScanningConfiguration
import {
  GetRegistryScanningConfiguration$,
  type GetRegistryScanningConfigurationRequest,
  type GetRegistryScanningConfigurationResponse,
} from '@aws-sdk/client-ecr';
import { findRegistryAccount } from '../accounts.ts';
import type { Core } from '../core.ts';
import { registryOperation } from './ecr-operation.ts';
import { scanningShape } from './scanning.ts';

export const getRegistryScanningConfigurationOperation = (core: Core) =>
  registryOperation<GetRegistryScanningConfigurationRequest, GetRegistryScanningConfigurationResponse>({
    name: 'GetRegistryScanningConfiguration',
    schema: GetRegistryScanningConfiguration$,
    effect: 'read',
    async handle(_input, call) {
      const { account } = call.principal;
      const { settings } = await findRegistryAccount(core.store, account);
      return { registryId: account, scanningConfiguration: scanningShape(settings) };
    },
  });

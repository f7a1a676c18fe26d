// GetSigningConfiguration
import {
  GetSigningConfiguration$,
  type GetSigningConfigurationRequest,
  type GetSigningConfigurationResponse,
} from '@aws-sdk/client-ecr';
import { findRegistryAccount } from '../accounts.ts';
import type { Core } from '../core.ts';
import { RegistryError } from '../errors.ts';
import { registryOperation } from './ecr-operation.ts';

export const getSigningConfigurationOperation = (core: Core) =>
  registryOperation<GetSigningConfigurationRequest, GetSigningConfigurationResponse>({
    name: 'GetSigningConfiguration',
    schema: GetSigningConfiguration$,
    effect: 'read',
    async handle(_input, call) {
      const { account } = call.principal;
      const { settings } = await findRegistryAccount(core.store, account);
      if (settings.signing === undefined) throw new RegistryError('signingUnknown');
      return { registryId: account, signingConfiguration: { rules: [] } };
    },
  });

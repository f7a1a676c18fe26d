// DeleteSigningConfiguration
import {
  DeleteSigningConfiguration$,
  type DeleteSigningConfigurationRequest,
  type DeleteSigningConfigurationResponse,
} from '@aws-sdk/client-ecr';
import { changeRegistryAccount } from '../accounts.ts';
import type { Core } from '../core.ts';
import { RegistryError } from '../errors.ts';
import { registryOperation } from './ecr-operation.ts';

export const deleteSigningConfigurationOperation = (core: Core) =>
  registryOperation<DeleteSigningConfigurationRequest, DeleteSigningConfigurationResponse>({
    name: 'DeleteSigningConfiguration',
    schema: DeleteSigningConfiguration$,
    effect: 'write',
    async handle(_input, call) {
      const { account } = call.principal;
      await changeRegistryAccount(core, account, ({ settings: { signing, ...rest } }) => {
        if (signing === undefined) throw new RegistryError('signingUnknown');
        return { settings: rest };
      });
      return { registryId: account, signingConfiguration: { rules: [] } };
    },
  });

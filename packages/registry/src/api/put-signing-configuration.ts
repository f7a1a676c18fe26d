// PutSigningConfiguration: one with rules is refused, as nothing would sign.
import {
  PutSigningConfiguration$,
  type PutSigningConfigurationRequest,
  type PutSigningConfigurationResponse,
} from '@aws-sdk/client-ecr';
import { changeRegistryAccount } from '../accounts.ts';
import type { Core } from '../core.ts';
import { RegistryError } from '../errors.ts';
import { registryOperation } from './ecr-operation.ts';

export const putSigningConfigurationOperation = (core: Core) =>
  registryOperation<PutSigningConfigurationRequest, PutSigningConfigurationResponse>({
    name: 'PutSigningConfiguration',
    schema: PutSigningConfiguration$,
    effect: 'write',
    async handle(input, call) {
      if ((input.signingConfiguration?.rules ?? []).length > 0) throw new RegistryError('signingUnavailable');
      await changeRegistryAccount(core, call.principal.account, ({ settings }) => ({
        settings: { ...settings, signing: 'empty' },
      }));
      return { signingConfiguration: { rules: [] } };
    },
  });

// PutRegistryScanningConfiguration: kept for the scanner.
import {
  PutRegistryScanningConfiguration$,
  type PutRegistryScanningConfigurationRequest,
  type PutRegistryScanningConfigurationResponse,
} from '@aws-sdk/client-ecr';
import { changeRegistryAccount } from '../accounts.ts';
import type { Core } from '../core.ts';
import { registryOperation } from './ecr-operation.ts';
import { readScanning, scanningShape } from './scanning.ts';

export const putRegistryScanningConfigurationOperation = (core: Core) =>
  registryOperation<PutRegistryScanningConfigurationRequest, PutRegistryScanningConfigurationResponse>({
    name: 'PutRegistryScanningConfiguration',
    schema: PutRegistryScanningConfiguration$,
    effect: 'write',
    async handle(input, call) {
      const scanning = readScanning(input.scanType, input.rules);
      const { settings } = await changeRegistryAccount(core, call.principal.account, (held) => ({
        settings: { ...held.settings, scanning },
      }));
      return { registryScanningConfiguration: scanningShape(settings) };
    },
  });

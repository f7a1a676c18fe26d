// PutImageScanningConfiguration: one repository's scanOnPush, kept for the scanner.
import {
  PutImageScanningConfiguration$,
  type PutImageScanningConfigurationRequest,
  type PutImageScanningConfigurationResponse,
} from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import { changeRepository } from '../repositories.ts';
import { repositoryOperation } from './ecr-operation.ts';

export const putImageScanningConfigurationOperation = (core: Core) =>
  repositoryOperation<PutImageScanningConfigurationRequest, PutImageScanningConfigurationResponse>(core, {
    name: 'PutImageScanningConfiguration',
    schema: PutImageScanningConfiguration$,
    effect: 'write',
    async handle(input, _call, ref) {
      const scanOnPush = input.imageScanningConfiguration?.scanOnPush ?? false;
      await changeRepository(core, ref, ({ settings }) => ({ settings: { ...settings, scanOnPush } }));
      return {
        registryId: ref.account,
        repositoryName: ref.name,
        imageScanningConfiguration: { scanOnPush },
      };
    },
  });

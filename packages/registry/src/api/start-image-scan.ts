// StartImageScan: refused, as there is no scanner yet.
import { StartImageScan$, type StartImageScanRequest, type StartImageScanResponse } from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import { RegistryError } from '../errors.ts';
import { repositoryOperation } from './ecr-operation.ts';
import { requireNamedImage } from './named-image.ts';

export const startImageScanOperation = (core: Core) =>
  repositoryOperation<StartImageScanRequest, StartImageScanResponse>(core, {
    name: 'StartImageScan',
    schema: StartImageScan$,
    effect: 'write',
    async handle(input, _call, ref) {
      await requireNamedImage(core, ref, input.imageId);
      throw new RegistryError('scanUnavailable');
    },
  });

// UpdateImageStorageClass: refused, as there is one storage class.
import {
  UpdateImageStorageClass$,
  type UpdateImageStorageClassRequest,
  type UpdateImageStorageClassResponse,
} from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import { RegistryError } from '../errors.ts';
import { invalid, repositoryOperation } from './ecr-operation.ts';
import { requireNamedImage } from './named-image.ts';

export const updateImageStorageClassOperation = (core: Core) =>
  repositoryOperation<UpdateImageStorageClassRequest, UpdateImageStorageClassResponse>(core, {
    name: 'UpdateImageStorageClass',
    schema: UpdateImageStorageClass$,
    effect: 'write',
    async handle(input, _call, ref) {
      const target: string | undefined = input.targetStorageClass;
      if (target !== 'ARCHIVE' && target !== 'STANDARD') {
        throw invalid("Invalid parameter at 'targetStorageClass': ARCHIVE or STANDARD.");
      }
      await requireNamedImage(core, ref, input.imageId);
      throw new RegistryError('archiveUnavailable');
    },
  });

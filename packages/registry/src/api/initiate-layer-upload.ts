// InitiateLayerUpload
import {
  InitiateLayerUpload$,
  type InitiateLayerUploadRequest,
  type InitiateLayerUploadResponse,
} from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import { limits } from '../limits.ts';
import { findRepository } from '../repositories.ts';
import { requireRepository } from '../repository.ts';
import { beginUpload } from '../uploads.ts';
import { repositoryOperation } from './ecr-operation.ts';
import { toUploadUuid } from './upload-ids.ts';

export const initiateLayerUploadOperation = (core: Core) =>
  repositoryOperation<InitiateLayerUploadRequest, InitiateLayerUploadResponse>(core, {
    name: 'InitiateLayerUpload',
    schema: InitiateLayerUpload$,
    effect: 'write',
    async handle(_input, call, ref) {
      const repository = requireRepository(await findRepository(core.store, ref), ref);
      const id = await beginUpload(core, repository, call.principal, 'ecr');
      return { uploadId: toUploadUuid(id), partSize: limits.partMaxBytes };
    },
  });

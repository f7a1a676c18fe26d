// CompleteLayerUpload: verifies the digest and makes the parts a layer of the repository.
import {
  CompleteLayerUpload$,
  type CompleteLayerUploadRequest,
  type CompleteLayerUploadResponse,
} from '@aws-sdk/client-ecr';
import { type Digest, parseDigest } from '@longshore/base';
import type { Core } from '../core.ts';
import { RegistryError } from '../errors.ts';
import { findLayer } from '../layers.ts';
import { finishLayer } from '../receive.ts';
import { cancelUpload } from '../uploads.ts';
import { invalid, repositoryOperation } from './ecr-operation.ts';
import { requireUpload, toUploadUuid } from './upload-ids.ts';

function requireOneDigest(digests: readonly string[]): Digest {
  const [first] = digests;
  const digest = parseDigest(first ?? '');
  if (!digest || digests.some((each) => each !== first)) {
    throw invalid("Invalid parameter at 'layerDigests': one sha256 or sha512 digest.");
  }
  return digest;
}

export const completeLayerUploadOperation = (core: Core) =>
  repositoryOperation<CompleteLayerUploadRequest, CompleteLayerUploadResponse>(core, {
    name: 'CompleteLayerUpload',
    schema: CompleteLayerUpload$,
    effect: 'write',
    async handle(input, call, ref) {
      const digest = requireOneDigest(input.layerDigests ?? []);
      const { repository, upload } = await requireUpload(core, call, ref, input.uploadId);
      if (upload.parts === 0) throw new RegistryError('uploadEmpty');
      if (upload.partTooSmall) throw new RegistryError('partTooSmall');
      const before = await findLayer(core, ref, digest);
      try {
        await finishLayer(core, repository, { id: upload.id, recorded: true }, digest);
      } catch (error) {
        if (error instanceof RegistryError && error.kind === 'layerMismatch') await cancelUpload(core, upload.id);
        throw error;
      }
      if (before.layer) throw new RegistryError('layerExists');
      return {
        registryId: ref.account,
        repositoryName: ref.name,
        uploadId: toUploadUuid(upload.id),
        layerDigest: digest,
      };
    },
  });

// BatchGetImage: manifests by tag or digest.
import {
  BatchGetImage$,
  type BatchGetImageRequest,
  type BatchGetImageResponse,
  type Image,
  type ImageFailure,
} from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import { RegistryError } from '../errors.ts';
import { limits } from '../limits.ts';
import { findManifest } from '../reading.ts';
import { findRepository, requireRepository } from '../repositories.ts';
import { repositoryOperation } from './ecr-operation.ts';
import { imageFailure, readImageId, requireImageIds } from './image-ids.ts';

export const batchGetImageOperation = (core: Core) =>
  repositoryOperation<BatchGetImageRequest, BatchGetImageResponse>(core, {
    name: 'BatchGetImage',
    schema: BatchGetImage$,
    effect: 'read',
    async handle(input, call, ref) {
      const ids = requireImageIds(input.imageIds);
      const repository = requireRepository(await findRepository(core.store, ref), ref);
      const images: Image[] = [];
      const failures: ImageFailure[] = [];
      let bytes = 0;
      for (const id of ids) {
        const reference = readImageId(id);
        if (typeof reference === 'string') {
          failures.push(imageFailure(id, reference));
          continue;
        }
        const { manifest } = await findManifest(core, ref, reference, 'whole');
        if (!manifest) {
          failures.push(imageFailure(id, 'ImageNotFound'));
        } else if (id.imageDigest !== undefined && id.imageDigest !== manifest.digest) {
          failures.push(imageFailure(id, 'ImageTagDoesNotMatchDigest'));
        } else if (input.acceptedMediaTypes && !input.acceptedMediaTypes.includes(manifest.mediaType)) {
          failures.push(imageFailure(id, 'ImageNotFound'));
        } else {
          bytes += manifest.size;
          if (bytes > limits.batchBytes) throw new RegistryError('batchTooLarge');
          core.pullEvents.record(repository, manifest.digest, id.imageTag);
          core.pulls.record(repository, manifest.digest, call.principal.arn);
          core.counters.manifestsServed.add();
          images.push({
            registryId: ref.account,
            repositoryName: ref.name,
            imageId: { imageDigest: manifest.digest, ...(id.imageTag !== undefined && { imageTag: id.imageTag }) },
            imageManifest: Buffer.from(manifest.bytes).toString(),
            imageManifestMediaType: manifest.mediaType,
          });
        }
      }
      return { images, failures };
    },
  });

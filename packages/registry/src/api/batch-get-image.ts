// BatchGetImage: manifests by tag or digest.
import {
  BatchGetImage$,
  type BatchGetImageRequest,
  type BatchGetImageResponse,
  type Image,
  type ImageFailure,
  type ImageFailureCode,
} from '@aws-sdk/client-ecr';
import type { CallContext } from '@longshore/aws';
import type { Core } from '../core.ts';
import { type FailureKind, RegistryError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Reference, RepositoryRef } from '../names.ts';
import { apiAsker, remoteOf } from '../pull-through/begin.ts';
import { throughCache } from '../pull-through/images.ts';
import { findManifest, type FoundManifest } from '../reading.ts';
import { findRepository } from '../repositories.ts';
import { requireRepository } from '../repository.ts';
import { repositoryOperation } from './ecr-operation.ts';
import { imageFailure, readImageId, requireImageIds } from './image-ids.ts';

const upstreamFailures: Readonly<Partial<Record<FailureKind, ImageFailureCode>>> = {
  denied: 'UpstreamAccessDenied',
  upstreamDenied: 'UpstreamAccessDenied',
  upstreamBusy: 'UpstreamTooManyRequests',
  upstreamImage: 'UpstreamUnavailable',
  secretUnreadable: 'UpstreamUnavailable',
  manifestUnknown: 'ImageNotFound',
};

/** Reads images, from their upstream if they have one. One that does not answer is not asked for the next image. */
function imageReader(core: Core, call: CallContext, ref: RepositoryRef) {
  let isDown = false;
  return async (reference: Reference): Promise<FoundManifest | ImageFailureCode> => {
    const found = await findManifest(core, ref, reference, 'whole');
    if (isDown) return found.manifest ? found : 'UpstreamUnavailable';
    try {
      return await throughCache(apiAsker(core, call), ref, reference, found, 'whole');
    } catch (error) {
      const code = error instanceof RegistryError ? upstreamFailures[error.kind] : undefined;
      if (code === undefined) throw error;
      isDown = code === 'UpstreamUnavailable';
      return code;
    }
  };
}

export const batchGetImageOperation = (core: Core) =>
  repositoryOperation<BatchGetImageRequest, BatchGetImageResponse>(core, {
    name: 'BatchGetImage',
    schema: BatchGetImage$,
    effect: 'read',
    async handle(input, call, ref) {
      const ids = requireImageIds(input.imageIds);
      const there = await findRepository(core.store, ref);
      if (!there && !(await remoteOf(core, ref))) requireRepository(there, ref);
      const read = imageReader(core, call, ref);
      const images: Image[] = [];
      const failures: ImageFailure[] = [];
      let bytes = 0;
      for (const id of ids) {
        const reference = readImageId(id);
        if (typeof reference === 'string') {
          failures.push(imageFailure(id, reference));
          continue;
        }
        const got = await read(reference);
        if (typeof got === 'string') {
          failures.push(imageFailure(id, got));
          continue;
        }
        const { repository, manifest } = got;
        if (!repository || !manifest) {
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

// BatchDeleteImage: a tag goes, and the image with its last tag; a digest takes the image and all its tags.
import {
  BatchDeleteImage$,
  type BatchDeleteImageRequest,
  type BatchDeleteImageResponse,
  type ImageFailure,
  type ImageFailureCode,
  type ImageIdentifier,
} from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import { RegistryError } from '../errors.ts';
import { deleteImage, deleteTag, isReferenced } from '../images.ts';
import type { Reference } from '../names.ts';
import { findManifest } from '../reading.ts';
import { findRepository } from '../repositories.ts';
import { type Repository, requireRepository } from '../repository.ts';
import { repositoryOperation } from './ecr-operation.ts';
import { imageFailure, readImageId, requireImageIds } from './image-ids.ts';

/** What was deleted, one identifier a tag; or why nothing was. */
async function deleteOne(
  core: Core,
  repository: Repository,
  id: ImageIdentifier,
  reference: Reference,
): Promise<ImageIdentifier[] | ImageFailureCode> {
  if ('tag' in reference) {
    const { manifest } = await findManifest(core, repository, reference, 'head');
    if (!manifest) return 'ImageNotFound';
    if (id.imageDigest !== undefined && id.imageDigest !== manifest.digest) return 'ImageTagDoesNotMatchDigest';
    return [{ imageDigest: await deleteTag(core, repository, reference.tag, true), imageTag: reference.tag }];
  }
  const { digest } = reference;
  if (await isReferenced(core.store, repository, digest)) return 'ImageReferencedByManifestList';
  const tags = await deleteImage(core, repository, digest);
  if (tags.length === 0) return [{ imageDigest: digest }];
  return tags.map((imageTag) => ({ imageDigest: digest, imageTag }));
}

export const batchDeleteImageOperation = (core: Core) =>
  repositoryOperation<BatchDeleteImageRequest, BatchDeleteImageResponse>(core, {
    name: 'BatchDeleteImage',
    schema: BatchDeleteImage$,
    effect: 'write',
    async handle(input, _call, ref) {
      const ids = requireImageIds(input.imageIds);
      const repository = requireRepository(await findRepository(core.store, ref), ref);
      const imageIds: ImageIdentifier[] = [];
      const failures: ImageFailure[] = [];
      for (const id of ids) {
        const reference = readImageId(id);
        const deleted =
          typeof reference === 'string'
            ? reference
            : await deleteOne(core, repository, id, reference).catch((error: unknown): ImageFailureCode => {
                if (error instanceof RegistryError && error.kind === 'manifestUnknown') return 'ImageNotFound';
                throw error;
              });
        if (typeof deleted === 'string') failures.push(imageFailure(id, deleted));
        else imageIds.push(...deleted);
      }
      return { imageIds, failures };
    },
  });

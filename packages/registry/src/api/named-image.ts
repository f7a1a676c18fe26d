// The one image that an operation's `imageId` names.
import type { ImageIdentifier } from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import { RegistryError } from '../errors.ts';
import type { RepositoryRef } from '../names.ts';
import { findManifest, type StoredManifest } from '../reading.ts';
import { type Repository, requireRepository } from '../repository.ts';
import { invalid } from './ecr-operation.ts';
import { readImageId } from './image-ids.ts';

export function imageNotFound(repository: RepositoryRef, id: ImageIdentifier): RegistryError {
  return new RegistryError(
    'manifestUnknown',
    `The image with imageId {imageDigest:'${id.imageDigest ?? 'null'}', imageTag:'${id.imageTag ?? 'null'}'} does not exist within the repository with name '${repository.name}' in the registry with id '${repository.account}'`,
  );
}

export interface NamedImage {
  readonly repository: Repository;
  readonly manifest: StoredManifest;
  readonly imageId: ImageIdentifier;
}

/** Throws parameterInvalid, repositoryUnknown or manifestUnknown. */
export async function requireNamedImage(
  core: Core,
  ref: RepositoryRef,
  id: ImageIdentifier | undefined,
): Promise<NamedImage> {
  const wanted = id ?? {};
  const reference = readImageId(wanted);
  if (typeof reference === 'string') throw invalid(`Invalid parameter at 'imageId': ${reference}`);
  const { repository, manifest } = await findManifest(core, ref, reference, 'head');
  const held = requireRepository(repository, ref);
  const agrees = wanted.imageDigest === undefined || wanted.imageDigest === manifest?.digest;
  if (!manifest || !agrees) throw imageNotFound(held, wanted);
  const imageId = {
    imageDigest: manifest.digest,
    ...(wanted.imageTag !== undefined && { imageTag: wanted.imageTag }),
  };
  return { repository: held, manifest, imageId };
}

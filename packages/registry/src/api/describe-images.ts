// DescribeImages: those that are named, or all of a repository in pages.
import {
  DescribeImages$,
  type DescribeImagesRequest,
  type DescribeImagesResponse,
  type ImageDetail as ImageDetailShape,
  type ImageIdentifier,
} from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import { findImages, findManifest, type ImageDetail, listImages } from '../reading.ts';
import { findRepository } from '../repositories.ts';
import { type Repository, requireRepository } from '../repository.ts';
import { invalid, repositoryOperation } from './ecr-operation.ts';
import { readImageId, requireImageIds } from './image-ids.ts';
import { isActiveWanted, readTagStatus } from './list-images.ts';
import { imageNotFound } from './named-image.ts';
import { readPageSize, readPageToken } from './shapes.ts';

function imageDetailShape(repository: Repository, image: ImageDetail): ImageDetailShape {
  return {
    registryId: repository.account,
    repositoryName: repository.name,
    imageDigest: image.digest,
    ...(image.tags.length > 0 && { imageTags: [...image.tags] }),
    ...(image.imageSize > 0 && { imageSizeInBytes: image.imageSize }),
    imagePushedAt: new Date(image.pushedAt),
    imageManifestMediaType: image.mediaType,
    ...(image.artifactType !== undefined && { artifactMediaType: image.artifactType }),
    ...(image.subject !== undefined && { subjectManifestDigest: image.subject }),
    ...(image.pulledAt !== undefined && { lastRecordedPullTime: new Date(image.pulledAt) }),
    imageStatus: 'ACTIVE',
  };
}

/** Each named image once, in the order of the names. */
async function describeNamed(core: Core, repository: Repository, ids: readonly ImageIdentifier[]) {
  const digests = new Set<string>();
  for (const id of ids) {
    const reference = readImageId(id);
    if (typeof reference === 'string') throw invalid(`Invalid parameter at 'imageIds': ${reference}`);
    const { manifest } = await findManifest(core, repository, reference, 'head');
    const agrees = id.imageDigest === undefined || id.imageDigest === manifest?.digest;
    if (!manifest || !agrees) throw imageNotFound(repository, id);
    digests.add(manifest.digest);
  }
  const found = new Map(
    (await findImages(core.store, repository, [...digests])).map((each) => [each.digest as string, each]),
  );
  return [...digests].flatMap((digest) => found.get(digest) ?? []);
}

export const describeImagesOperation = (core: Core) =>
  repositoryOperation<DescribeImagesRequest, DescribeImagesResponse>(core, {
    name: 'DescribeImages',
    schema: DescribeImages$,
    effect: 'read',
    async handle(input, _call, ref) {
      const status = readTagStatus(input.filter?.tagStatus);
      const size = readPageSize(input.maxResults);
      const repository = requireRepository(await findRepository(core.store, ref), ref);
      if (input.imageIds !== undefined) {
        const ids = requireImageIds(input.imageIds);
        if (input.nextToken !== undefined || input.maxResults !== undefined) {
          throw invalid("'imageIds' does not go with 'nextToken' or 'maxResults'.");
        }
        const images = await describeNamed(core, repository, ids);
        return { imageDetails: images.map((each) => imageDetailShape(repository, each)) };
      }
      if (!isActiveWanted(input.filter?.imageStatus)) return { imageDetails: [] };
      const purpose = `DescribeImages ${repository.id} ${status}`;
      const [after = ''] = await readPageToken(core, purpose, input.nextToken);
      const held = await listImages(core.store, repository, status, after, size + 1);
      const shown = held.slice(0, size);
      const last = held.length > size ? shown.at(-1) : undefined;
      return {
        imageDetails: shown.map((each) => imageDetailShape(repository, each)),
        ...(last && { nextToken: await core.sealer.seal(purpose, [last.digest]) }),
      };
    },
  });

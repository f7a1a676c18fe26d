// Image identifiers of the ECR API: a digest, a tag, or both, which must then agree.
import type { ImageFailure, ImageFailureCode, ImageIdentifier } from '@aws-sdk/client-ecr';
import { parseDigest } from '@longshore/base';
import { parseTag, type Reference } from '../names.ts';
import { invalid } from './ecr-operation.ts';

export const mostImageIds = 100;

/** Throws unless there are 1 to 100. */
export function requireImageIds(ids: readonly ImageIdentifier[] | undefined): readonly ImageIdentifier[] {
  if (!ids || ids.length < 1 || ids.length > mostImageIds) {
    throw invalid(`Invalid parameter at 'imageIds': 1 to ${mostImageIds} of them.`);
  }
  return ids;
}

const reasons: Readonly<Partial<Record<ImageFailureCode, string>>> = {
  InvalidImageDigest: 'Invalid request parameters: image digest should satisfy the regex of a sha256 or sha512 digest',
  InvalidImageTag: 'Invalid request parameters: image tag',
  ImageTagDoesNotMatchDigest: 'The specified tag does not point at the specified digest',
  ImageNotFound: 'Requested image not found',
  MissingDigestAndTag: 'Invalid request parameters: both tag and digest cannot be null',
  UpstreamAccessDenied: 'The image may not be fetched from the upstream registry',
  UpstreamTooManyRequests: 'The upstream registry limits how often it is asked',
  UpstreamUnavailable: 'The upstream registry could not be asked for the image',
  ImageReferencedByManifestList: 'Requested image referenced by manifest list or image index',
};

export function imageFailure(imageId: ImageIdentifier, failureCode: ImageFailureCode): ImageFailure {
  return { imageId, failureCode, failureReason: reasons[failureCode] ?? failureCode };
}

/** What to look an image up by: its tag if there is one. Or why it cannot be. */
export function readImageId(id: ImageIdentifier): Reference | ImageFailureCode {
  if (id.imageDigest === undefined && id.imageTag === undefined) return 'MissingDigestAndTag';
  const digest = parseDigest(id.imageDigest ?? '');
  if (id.imageDigest !== undefined && !digest) return 'InvalidImageDigest';
  const tag = parseTag(id.imageTag ?? '');
  if (id.imageTag !== undefined && !tag) return 'InvalidImageTag';
  if (tag) return { tag };
  return digest ? { digest } : 'MissingDigestAndTag';
}

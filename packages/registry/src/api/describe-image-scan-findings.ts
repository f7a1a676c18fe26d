// DescribeImageScanFindings: nothing was scanned yet.
import {
  DescribeImageScanFindings$,
  type DescribeImageScanFindingsRequest,
  type DescribeImageScanFindingsResponse,
} from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import { RegistryError } from '../errors.ts';
import { repositoryOperation } from './ecr-operation.ts';
import { requireNamedImage } from './named-image.ts';

export const describeImageScanFindingsOperation = (core: Core) =>
  repositoryOperation<DescribeImageScanFindingsRequest, DescribeImageScanFindingsResponse>(core, {
    name: 'DescribeImageScanFindings',
    schema: DescribeImageScanFindings$,
    effect: 'read',
    async handle(input, _call, ref) {
      const { imageId } = await requireNamedImage(core, ref, input.imageId);
      throw new RegistryError(
        'scanUnknown',
        `Image scan does not exist for the image with '{imageDigest:'${imageId.imageDigest}', imageTag:'${imageId.imageTag ?? 'null'}'}' in the repository with name '${ref.name}' in the registry with id '${ref.account}'`,
      );
    },
  });

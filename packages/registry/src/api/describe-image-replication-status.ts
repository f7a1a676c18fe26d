// DescribeImageReplicationStatus: nothing is copied yet, whatever the configuration says.
import {
  DescribeImageReplicationStatus$,
  type DescribeImageReplicationStatusRequest,
  type DescribeImageReplicationStatusResponse,
} from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import { repositoryOperation } from './ecr-operation.ts';
import { requireNamedImage } from './named-image.ts';

export const describeImageReplicationStatusOperation = (core: Core) =>
  repositoryOperation<DescribeImageReplicationStatusRequest, DescribeImageReplicationStatusResponse>(core, {
    name: 'DescribeImageReplicationStatus',
    schema: DescribeImageReplicationStatus$,
    effect: 'read',
    async handle(input, _call, ref) {
      const { imageId } = await requireNamedImage(core, ref, input.imageId);
      return { repositoryName: ref.name, imageId, replicationStatuses: [] };
    },
  });

// ListImages: identifiers in pages.
import { ListImages$, type ListImagesRequest, type ListImagesResponse } from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import { listImageIds, type TagStatus } from '../reading.ts';
import { findRepository } from '../repositories.ts';
import { requireRepository } from '../repository.ts';
import { invalid, repositoryOperation } from './ecr-operation.ts';
import { readPageSize, readPageToken } from './shapes.ts';

/** `filter.tagStatus`, ANY if it is left out. */
export function readTagStatus(status: string | undefined): TagStatus {
  if (status === undefined) return 'ANY';
  if (status !== 'TAGGED' && status !== 'UNTAGGED' && status !== 'ANY') {
    throw invalid("Invalid parameter at 'filter.tagStatus': TAGGED, UNTAGGED or ANY.");
  }
  return status;
}

const imageStatuses: ReadonlySet<string> = new Set(['ACTIVE', 'ARCHIVED', 'ACTIVATING', 'ANY']);

/** Whether `filter.imageStatus` asks for active images: here all are. */
export function isActiveWanted(status = 'ACTIVE'): boolean {
  if (!imageStatuses.has(status)) {
    throw invalid("Invalid parameter at 'filter.imageStatus': ACTIVE, ARCHIVED, ACTIVATING or ANY.");
  }
  return status === 'ACTIVE' || status === 'ANY';
}

export const listImagesOperation = (core: Core) =>
  repositoryOperation<ListImagesRequest, ListImagesResponse>(core, {
    name: 'ListImages',
    schema: ListImages$,
    effect: 'read',
    async handle(input, _call, ref) {
      const status = readTagStatus(input.filter?.tagStatus);
      const size = readPageSize(input.maxResults);
      const repository = requireRepository(await findRepository(core.store, ref), ref);
      if (!isActiveWanted(input.filter?.imageStatus)) return { imageIds: [] };
      const purpose = `ListImages ${repository.id} ${status}`;
      const [digest = '', tag = ''] = await readPageToken(core, purpose, input.nextToken);
      const held = await listImageIds(core.store, repository, status, { digest, tag }, size + 1);
      const shown = held.slice(0, size);
      const last = held.length > size ? shown.at(-1) : undefined;
      return {
        imageIds: shown.map((each) => ({
          imageDigest: each.digest,
          ...(each.tag !== undefined && { imageTag: each.tag }),
        })),
        ...(last && { nextToken: await core.sealer.seal(purpose, [last.digest, last.tag ?? '']) }),
      };
    },
  });

// GetLifecyclePolicyPreview: the images that would expire, in pages, and how many they are.
import {
  GetLifecyclePolicyPreview$,
  type GetLifecyclePolicyPreviewRequest,
  type GetLifecyclePolicyPreviewResponse,
  type ImageIdentifier,
} from '@aws-sdk/client-ecr';
import type { Digest } from '@longshore/base';
import type { Core } from '../core.ts';
import { listPreview, requirePreview } from '../lifecycle/preview.ts';
import { findManifest } from '../reading.ts';
import { findRepository } from '../repositories.ts';
import { type Repository, requireRepository } from '../repository.ts';
import { invalid, repositoryOperation } from './ecr-operation.ts';
import { readImageId, requireImageIds } from './image-ids.ts';
import { readTagStatus } from './list-images.ts';
import { readPageSize, readPageToken } from './shapes.ts';

const mostResults = 100;

/** The digests of those named images that are there. */
async function digestsOf(core: Core, repository: Repository, ids: readonly ImageIdentifier[]): Promise<Digest[]> {
  const digests: Digest[] = [];
  for (const id of requireImageIds(ids)) {
    const reference = readImageId(id);
    if (typeof reference === 'string') throw invalid(`Invalid parameter at 'imageIds': ${reference}`);
    const { manifest } = await findManifest(core, repository, reference, 'head');
    if (manifest && (id.imageDigest === undefined || id.imageDigest === manifest.digest)) digests.push(manifest.digest);
  }
  return digests;
}

export const getLifecyclePolicyPreviewOperation = (core: Core) =>
  repositoryOperation<GetLifecyclePolicyPreviewRequest, GetLifecyclePolicyPreviewResponse>(core, {
    name: 'GetLifecyclePolicyPreview',
    schema: GetLifecyclePolicyPreview$,
    effect: 'read',
    async handle(input, _call, ref) {
      const status = readTagStatus(input.filter?.tagStatus);
      const count = Math.min(mostResults, readPageSize(input.maxResults));
      const repository = requireRepository(await findRepository(core.store, ref), ref);
      const preview = await requirePreview(core, repository);
      const named = { registryId: ref.account, repositoryName: ref.name, lifecyclePolicyText: preview.policyText };
      if (preview.expired) return { ...named, status: 'EXPIRED' };
      const purpose = `GetLifecyclePolicyPreview ${repository.id} ${status}`;
      const [after = ''] = await readPageToken(core, purpose, input.nextToken);
      const digests = input.imageIds && (await digestsOf(core, repository, input.imageIds));
      const held = await listPreview(core.store, repository, { status, digests, after, count: count + 1 });
      const shown = held.slice(0, count);
      const last = held.length > count ? shown.at(-1) : undefined;
      return {
        ...named,
        status: 'COMPLETE',
        previewResults: shown.map((each) => ({
          ...(each.tags.length > 0 && { imageTags: [...each.tags] }),
          imageDigest: each.digest,
          imagePushedAt: new Date(each.pushedAt),
          action: { type: 'EXPIRE' as const },
          appliedRulePriority: each.priority,
          storageClass: 'STANDARD' as const,
        })),
        summary: { expiringImageTotalCount: preview.expiring },
        ...(last && { nextToken: await core.sealer.seal(purpose, [last.digest]) }),
      };
    },
  });

// ListImageReferrers: what is attached to an image, by digest.
import {
  type ImageReferrer,
  ListImageReferrers$,
  type ListImageReferrersRequest,
  type ListImageReferrersResponse,
} from '@aws-sdk/client-ecr';
import { parseDigest } from '@longshore/base';
import type { Core } from '../core.ts';
import { descriptorText, listReferrersPage } from '../referrers.ts';
import { findRepository } from '../repositories.ts';
import { requireRepository } from '../repository.ts';
import { invalid, repositoryOperation } from './ecr-operation.ts';
import { readPageToken } from './shapes.ts';

const usualResults = 20;
const mostResults = 50;
const statuses: ReadonlySet<string> = new Set(['ACTIVE', 'ARCHIVED', 'ACTIVATING', 'ANY']);

export const listImageReferrersOperation = (core: Core) =>
  repositoryOperation<ListImageReferrersRequest, ListImageReferrersResponse>(core, {
    name: 'ListImageReferrers',
    schema: ListImageReferrers$,
    effect: 'read',
    action: 'ecr:BatchGetImage',
    async handle(input, _call, ref) {
      const subject = parseDigest(input.subjectId?.imageDigest ?? '');
      if (!subject) throw invalid("Invalid parameter at 'subjectId': a sha256 or sha512 digest.");
      const count = input.maxResults ?? usualResults;
      if (!Number.isInteger(count) || count < 1 || count > mostResults) {
        throw invalid(`Invalid parameter at 'maxResults': 1 to ${mostResults}.`);
      }
      const { artifactTypes = [], artifactStatus = 'ACTIVE' } = input.filter ?? {};
      if (artifactTypes.length > 5) throw invalid("Invalid parameter at 'artifactTypes': 5 at most.");
      if (!statuses.has(artifactStatus)) throw invalid("Invalid parameter at 'artifactStatus'.");
      const repository = requireRepository(await findRepository(core.store, ref), ref);
      // Nothing is ever archived here.
      if (artifactStatus === 'ARCHIVED' || artifactStatus === 'ACTIVATING') return { referrers: [] };
      const purpose = `ListImageReferrers ${repository.id} ${subject} ${artifactTypes.join(' ')}`;
      const [after = ''] = await readPageToken(core, purpose, input.nextToken);
      const { referrers, more } = await listReferrersPage(core.store, repository, subject, {
        artifactTypes,
        after,
        count,
      });
      const last = more ? referrers.at(-1) : undefined;
      return {
        referrers: referrers.map((each) => ({
          ...(JSON.parse(descriptorText(each)) as Omit<ImageReferrer, 'artifactStatus'>),
          artifactStatus: 'ACTIVE' as const,
        })),
        ...(last && { nextToken: await core.sealer.seal(purpose, [last.digest]) }),
      };
    },
  });

// ListPullTimeUpdateExclusions
import {
  ListPullTimeUpdateExclusions$,
  type ListPullTimeUpdateExclusionsRequest,
  type ListPullTimeUpdateExclusionsResponse,
} from '@aws-sdk/client-ecr';
import { findRegistryAccount } from '../accounts.ts';
import type { Core } from '../core.ts';
import { registryOperation } from './ecr-operation.ts';
import { readPageSize, readPageToken } from './shapes.ts';

export const listPullTimeUpdateExclusionsOperation = (core: Core) =>
  registryOperation<ListPullTimeUpdateExclusionsRequest, ListPullTimeUpdateExclusionsResponse>({
    name: 'ListPullTimeUpdateExclusions',
    schema: ListPullTimeUpdateExclusions$,
    effect: 'read',
    async handle(input, call) {
      const { account } = call.principal;
      const size = Math.min(100, readPageSize(input.maxResults));
      const purpose = `ListPullTimeUpdateExclusions ${account}`;
      const [after = ''] = await readPageToken(core, purpose, input.nextToken);
      const { settings } = await findRegistryAccount(core.store, account);
      const arns = (settings.pullTimeExclusions ?? []).map((each) => each.principalArn).sort();
      const held = arns.filter((arn) => arn > after);
      const shown = held.slice(0, size);
      const last = held.length > size ? shown.at(-1) : undefined;
      return {
        pullTimeUpdateExclusions: shown,
        ...(last !== undefined && { nextToken: await core.sealer.seal(purpose, [last]) }),
      };
    },
  });

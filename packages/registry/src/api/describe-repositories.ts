// DescribeRepositories: those that are named, or all of an account in pages.
import {
  DescribeRepositories$,
  type DescribeRepositoriesRequest,
  type DescribeRepositoriesResponse,
} from '@aws-sdk/client-ecr';
import type { CallContext } from '@longshore/aws';
import type { Core } from '../core.ts';
import { findRepository, listRepositories } from '../repositories.ts';
import { requireRepository } from '../repository.ts';
import { allRepositoriesResource } from '../resource.ts';
import { ecrOperation, invalid, refOf, registryOf, repositoryResource } from './ecr-operation.ts';
import { readPageSize, readPageToken, repositoryShape } from './shapes.ts';

const mostNames = 100;

function namedRefs(input: DescribeRepositoriesRequest, call: CallContext) {
  const names = input.repositoryNames;
  if (names === undefined) return undefined;
  if (names.length < 1 || names.length > mostNames) {
    throw invalid(`Invalid parameter at 'repositoryNames': 1 to ${mostNames} of them.`);
  }
  return names.map((repositoryName) => refOf({ ...input, repositoryName }, call));
}

export const describeRepositoriesOperation = (core: Core) =>
  ecrOperation<DescribeRepositoriesRequest, DescribeRepositoriesResponse>({
    name: 'DescribeRepositories',
    schema: DescribeRepositories$,
    effect: 'read',
    async access(input, call) {
      const refs = namedRefs(input, call);
      if (refs) return { resources: await Promise.all(refs.map((ref) => repositoryResource(core, ref))) };
      return { resources: [await allRepositoriesResource(core, registryOf(input, call))] };
    },
    async handle(input, call) {
      const refs = namedRefs(input, call);
      if (refs) {
        if (input.nextToken !== undefined || input.maxResults !== undefined) {
          throw invalid("'repositoryNames' does not go with 'nextToken' or 'maxResults'.");
        }
        const found = await Promise.all(
          refs.map(async (ref) => requireRepository(await findRepository(core.store, ref), ref)),
        );
        return { repositories: found.map((each) => repositoryShape(core, call, each)) };
      }
      const account = registryOf(input, call);
      const size = readPageSize(input.maxResults);
      const purpose = `DescribeRepositories ${account}`;
      const [after = ''] = await readPageToken(core, purpose, input.nextToken);
      const held = await listRepositories(core.store, account, after, size + 1);
      const shown = held.slice(0, size);
      const last = held.length > size ? shown.at(-1) : undefined;
      return {
        repositories: shown.map((each) => repositoryShape(core, call, each)),
        ...(last && { nextToken: await core.sealer.seal(purpose, [last.name]) }),
      };
    },
  });

// DeleteRepository
import { DeleteRepository$, type DeleteRepositoryRequest, type DeleteRepositoryResponse } from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import { deleteRepository } from '../repositories.ts';
import { repositoryOperation } from './ecr-operation.ts';
import { repositoryShape } from './shapes.ts';

export const deleteRepositoryOperation = (core: Core) =>
  repositoryOperation<DeleteRepositoryRequest, DeleteRepositoryResponse>(core, {
    name: 'DeleteRepository',
    schema: DeleteRepository$,
    effect: 'write',
    async handle(input, call, ref) {
      const repository = await deleteRepository(core, ref, input.force === true);
      return { repository: repositoryShape(core, call, repository) };
    },
  });

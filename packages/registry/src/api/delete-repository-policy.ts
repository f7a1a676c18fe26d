// DeleteRepositoryPolicy
import {
  DeleteRepositoryPolicy$,
  type DeleteRepositoryPolicyRequest,
  type DeleteRepositoryPolicyResponse,
} from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import { RegistryError } from '../errors.ts';
import { changeRepository } from '../repositories.ts';
import { repositoryOperation } from './ecr-operation.ts';

export const deleteRepositoryPolicyOperation = (core: Core) =>
  repositoryOperation<DeleteRepositoryPolicyRequest, DeleteRepositoryPolicyResponse>(core, {
    name: 'DeleteRepositoryPolicy',
    schema: DeleteRepositoryPolicy$,
    effect: 'write',
    async handle(_input, _call, ref) {
      let removed = '';
      await changeRepository(core, ref, ({ policyText }) => {
        if (policyText === undefined) throw new RegistryError('policyUnknown');
        removed = policyText;
        return { policyText: null };
      });
      return { registryId: ref.account, repositoryName: ref.name, policyText: removed };
    },
  });

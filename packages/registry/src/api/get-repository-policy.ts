// GetRepositoryPolicy
import {
  GetRepositoryPolicy$,
  type GetRepositoryPolicyRequest,
  type GetRepositoryPolicyResponse,
} from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import { RegistryError } from '../errors.ts';
import { findRepository } from '../repositories.ts';
import { requireRepository } from '../repository.ts';
import { repositoryOperation } from './ecr-operation.ts';

export const getRepositoryPolicyOperation = (core: Core) =>
  repositoryOperation<GetRepositoryPolicyRequest, GetRepositoryPolicyResponse>(core, {
    name: 'GetRepositoryPolicy',
    schema: GetRepositoryPolicy$,
    effect: 'read',
    async handle(_input, _call, ref) {
      const { policyText } = requireRepository(await findRepository(core.store, ref), ref);
      if (policyText === undefined) throw new RegistryError('policyUnknown');
      return { registryId: ref.account, repositoryName: ref.name, policyText };
    },
  });

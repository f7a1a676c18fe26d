// DeleteLifecyclePolicy
import {
  DeleteLifecyclePolicy$,
  type DeleteLifecyclePolicyRequest,
  type DeleteLifecyclePolicyResponse,
} from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import { deleteLifecyclePolicy } from '../lifecycle/policies.ts';
import { findRepository } from '../repositories.ts';
import { requireRepository } from '../repository.ts';
import { repositoryOperation } from './ecr-operation.ts';

export const deleteLifecyclePolicyOperation = (core: Core) =>
  repositoryOperation<DeleteLifecyclePolicyRequest, DeleteLifecyclePolicyResponse>(core, {
    name: 'DeleteLifecyclePolicy',
    schema: DeleteLifecyclePolicy$,
    effect: 'write',
    async handle(_input, _call, ref) {
      const repository = requireRepository(await findRepository(core.store, ref), ref);
      const held = await deleteLifecyclePolicy(core, repository);
      return {
        registryId: ref.account,
        repositoryName: ref.name,
        lifecyclePolicyText: held.text,
        ...(held.evaluatedAt !== undefined && { lastEvaluatedAt: new Date(held.evaluatedAt) }),
      };
    },
  });

// GetLifecyclePolicy
import {
  GetLifecyclePolicy$,
  type GetLifecyclePolicyRequest,
  type GetLifecyclePolicyResponse,
} from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import { requireLifecyclePolicy } from '../lifecycle/policies.ts';
import { findRepository } from '../repositories.ts';
import { requireRepository } from '../repository.ts';
import { repositoryOperation } from './ecr-operation.ts';

export const getLifecyclePolicyOperation = (core: Core) =>
  repositoryOperation<GetLifecyclePolicyRequest, GetLifecyclePolicyResponse>(core, {
    name: 'GetLifecyclePolicy',
    schema: GetLifecyclePolicy$,
    effect: 'read',
    async handle(_input, _call, ref) {
      const repository = requireRepository(await findRepository(core.store, ref), ref);
      const held = await requireLifecyclePolicy(core.store, repository);
      return {
        registryId: ref.account,
        repositoryName: ref.name,
        lifecyclePolicyText: held.text,
        ...(held.evaluatedAt !== undefined && { lastEvaluatedAt: new Date(held.evaluatedAt) }),
      };
    },
  });

// SetRepositoryPolicy: who of other accounts may use the repository.
import {
  SetRepositoryPolicy$,
  type SetRepositoryPolicyRequest,
  type SetRepositoryPolicyResponse,
} from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import { parseResourcePolicy } from '../repository-policy.ts';
import { changeRepository } from '../repositories.ts';
import { invalid, repositoryOperation, repositoryResource } from './ecr-operation.ts';

export const setRepositoryPolicyOperation = (core: Core) =>
  repositoryOperation<SetRepositoryPolicyRequest, SetRepositoryPolicyResponse>(core, {
    name: 'SetRepositoryPolicy',
    schema: SetRepositoryPolicy$,
    effect: 'write',
    async handle(input, call, ref) {
      const policyText = input.policyText ?? '';
      const policy = parseResourcePolicy(policyText, 'repository');
      if (input.force !== true) {
        const held = await repositoryResource(core, ref);
        const resources = [{ ...held, policy }];
        const request = { action: 'ecr:SetRepositoryPolicy', resources };
        if ((await core.authorizer.refusal(call.principal, request, call)) !== undefined) {
          throw invalid('This policy would lock you out of changing it. Set force to go ahead.');
        }
      }
      await changeRepository(core, ref, () => ({ policyText }));
      return { registryId: ref.account, repositoryName: ref.name, policyText };
    },
  });

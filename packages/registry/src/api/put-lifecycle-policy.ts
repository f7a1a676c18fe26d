// PutLifecyclePolicy: applied soon after, and then every hour.
import {
  PutLifecyclePolicy$,
  type PutLifecyclePolicyRequest,
  type PutLifecyclePolicyResponse,
} from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import { parseLifecyclePolicy } from '../lifecycle/parse.ts';
import { putLifecyclePolicy } from '../lifecycle/policies.ts';
import { limits } from '../limits.ts';
import { findRepository } from '../repositories.ts';
import { requireRepository } from '../repository.ts';
import { invalid, repositoryOperation } from './ecr-operation.ts';

/** Throws parameterInvalid. */
export function requireLifecycleText(text: string | undefined): string {
  if (text !== undefined && text.length >= limits.lifecycleTextMin && text.length <= limits.lifecycleText) return text;
  throw invalid(
    `Invalid parameter at 'lifecyclePolicyText' failed to satisfy constraint: 'Member must have length between ${limits.lifecycleTextMin} and ${limits.lifecycleText}'`,
  );
}

export const putLifecyclePolicyOperation = (core: Core) =>
  repositoryOperation<PutLifecyclePolicyRequest, PutLifecyclePolicyResponse>(core, {
    name: 'PutLifecyclePolicy',
    schema: PutLifecyclePolicy$,
    effect: 'write',
    async handle(input, _call, ref) {
      const lifecyclePolicyText = requireLifecycleText(input.lifecyclePolicyText);
      parseLifecyclePolicy(lifecyclePolicyText, core.quotas.rulesPerLifecyclePolicy);
      const repository = requireRepository(await findRepository(core.store, ref), ref);
      await putLifecyclePolicy(core, repository, lifecyclePolicyText);
      return { registryId: ref.account, repositoryName: ref.name, lifecyclePolicyText };
    },
  });

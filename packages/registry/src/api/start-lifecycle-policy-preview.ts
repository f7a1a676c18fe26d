// StartLifecyclePolicyPreview: of the text given, or of the repository's policy. It is complete when this answers.
import {
  StartLifecyclePolicyPreview$,
  type StartLifecyclePolicyPreviewRequest,
  type StartLifecyclePolicyPreviewResponse,
} from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import { parseLifecyclePolicy } from '../lifecycle/parse.ts';
import { requireLifecyclePolicy } from '../lifecycle/policies.ts';
import { makePreview } from '../lifecycle/preview.ts';
import { findRepository } from '../repositories.ts';
import { requireRepository } from '../repository.ts';
import { repositoryOperation } from './ecr-operation.ts';
import { requireLifecycleText } from './put-lifecycle-policy.ts';

export const startLifecyclePolicyPreviewOperation = (core: Core) =>
  repositoryOperation<StartLifecyclePolicyPreviewRequest, StartLifecyclePolicyPreviewResponse>(core, {
    name: 'StartLifecyclePolicyPreview',
    schema: StartLifecyclePolicyPreview$,
    effect: 'write',
    async handle(input, _call, ref) {
      const repository = requireRepository(await findRepository(core.store, ref), ref);
      const given = input.lifecyclePolicyText;
      const lifecyclePolicyText =
        given === undefined ? (await requireLifecyclePolicy(core.store, repository)).text : requireLifecycleText(given);
      const rules = parseLifecyclePolicy(lifecyclePolicyText, core.quotas.rulesPerLifecyclePolicy);
      await makePreview(core, repository, lifecyclePolicyText, rules);
      return { registryId: ref.account, repositoryName: ref.name, lifecyclePolicyText, status: 'COMPLETE' };
    },
  });

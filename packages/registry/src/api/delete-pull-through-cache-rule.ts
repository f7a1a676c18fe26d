// DeletePullThroughCacheRule. What was cached stays, as in ECR.
import {
  DeletePullThroughCacheRule$,
  type DeletePullThroughCacheRuleRequest,
  type DeletePullThroughCacheRuleResponse,
} from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import { readPrefix, ruleAccount, ruleShape, rulesResource } from '../pull-through/rule-input.ts';
import { deleteRule } from '../pull-through/rules.ts';
import { ecrOperation } from './ecr-operation.ts';

export const deletePullThroughCacheRuleOperation = (core: Core) =>
  ecrOperation<DeletePullThroughCacheRuleRequest, DeletePullThroughCacheRuleResponse>({
    name: 'DeletePullThroughCacheRule',
    schema: DeletePullThroughCacheRule$,
    effect: 'write',
    access: (_input, call) => ({ resources: [rulesResource(core, call)] }),
    async handle(input, call) {
      const account = ruleAccount(input, call);
      const rule = await deleteRule(core.store, account, readPrefix(input.ecrRepositoryPrefix, 'ecrRepositoryPrefix'));
      core.pullThrough.rules.forget(account);
      return { ...ruleShape(rule), upstreamRegistryUrl: rule.upstreamUrl, createdAt: new Date(rule.createdAt) };
    },
  });

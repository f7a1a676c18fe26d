// ValidatePullThroughCacheRule: visits the upstream with the rule's secret, and says how that went.
import {
  ValidatePullThroughCacheRule$,
  type ValidatePullThroughCacheRuleRequest,
  type ValidatePullThroughCacheRuleResponse,
} from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import { withinBounds } from '../pull-through/begin.ts';
import { UpstreamError } from '../pull-through/failure.ts';
import { readPrefix, ruleAccount, ruleShape, rulesResource } from '../pull-through/rule-input.ts';
import { requireRule } from '../pull-through/rules.ts';
import { visit } from '../pull-through/upstream.ts';
import { ecrOperation } from './ecr-operation.ts';

export const validatePullThroughCacheRuleOperation = (core: Core) =>
  ecrOperation<ValidatePullThroughCacheRuleRequest, ValidatePullThroughCacheRuleResponse>({
    name: 'ValidatePullThroughCacheRule',
    schema: ValidatePullThroughCacheRule$,
    effect: 'read',
    access: (_input, call) => ({ resources: [rulesResource(core, call)] }),
    async handle(input, call) {
      const account = ruleAccount(input, call);
      const rule = await requireRule(core.store, account, readPrefix(input.ecrRepositoryPrefix, 'ecrRepositoryPrefix'));
      const shape = { ...ruleShape(rule), upstreamRegistryUrl: rule.upstreamUrl };
      try {
        await withinBounds(core, rule, () => visit(core, rule));
        return { ...shape, isValid: true };
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error;
        return { ...shape, isValid: false, failure: error.message };
      }
    },
  });

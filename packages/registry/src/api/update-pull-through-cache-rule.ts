// UpdatePullThroughCacheRule: another secret for a rule. Tokens that were got with the old one are not used any more.
import {
  UpdatePullThroughCacheRule$,
  type UpdatePullThroughCacheRuleRequest,
  type UpdatePullThroughCacheRuleResponse,
} from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import {
  readCredential,
  readPrefix,
  refuseRole,
  ruleAccount,
  ruleShape,
  rulesResource,
} from '../pull-through/rule-input.ts';
import { changeCredential, requireRule } from '../pull-through/rules.ts';
import { ecrOperation, invalid } from './ecr-operation.ts';

export const updatePullThroughCacheRuleOperation = (core: Core) =>
  ecrOperation<UpdatePullThroughCacheRuleRequest, UpdatePullThroughCacheRuleResponse>({
    name: 'UpdatePullThroughCacheRule',
    schema: UpdatePullThroughCacheRule$,
    effect: 'write',
    access: (_input, call) => ({ resources: [rulesResource(core, call)] }),
    async handle(input, call) {
      const account = ruleAccount(input, call);
      const prefix = readPrefix(input.ecrRepositoryPrefix, 'ecrRepositoryPrefix');
      refuseRole(input);
      await requireRule(core.store, account, prefix);
      if (input.credentialArn === undefined)
        throw invalid("'credentialArn' is what can be changed of a rule, and it is missing.");
      const credential = await readCredential(core, input.credentialArn, call);
      const rule = await changeCredential(core.store, account, prefix, credential, call.now);
      core.pullThrough.rules.forget(account);
      return { ...ruleShape(rule), updatedAt: new Date(rule.updatedAt) };
    },
  });

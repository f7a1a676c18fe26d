// CreatePullThroughCacheRule
import {
  CreatePullThroughCacheRule$,
  type CreatePullThroughCacheRuleRequest,
  type CreatePullThroughCacheRuleResponse,
} from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import {
  readCredential,
  readPrefix,
  readUpstream,
  ruleAccount,
  ruleShape,
  rulesResource,
  upstreamShape,
} from '../pull-through/rule-input.ts';
import { insertRule, root, type Rule } from '../pull-through/rules.ts';
import { ecrOperation } from './ecr-operation.ts';

export const createPullThroughCacheRuleOperation = (core: Core) =>
  ecrOperation<CreatePullThroughCacheRuleRequest, CreatePullThroughCacheRuleResponse>({
    name: 'CreatePullThroughCacheRule',
    schema: CreatePullThroughCacheRule$,
    effect: 'write',
    access: (_input, call) => ({ resources: [rulesResource(core, call)] }),
    async handle(input, call) {
      const account = ruleAccount(input, call);
      const upstream = readUpstream(core, input, call);
      const rule: Rule = {
        account,
        prefix: readPrefix(input.ecrRepositoryPrefix, 'ecrRepositoryPrefix'),
        upstreamUrl: upstream.origin.startsWith('http:') ? upstream.origin : upstream.host,
        upstreamRegistry: upstream.registry,
        upstreamPrefix: readPrefix(input.upstreamRepositoryPrefix ?? root, 'upstreamRepositoryPrefix'),
        credentialArn: await readCredential(core, input.credentialArn, call),
        createdAt: call.now,
        updatedAt: call.now,
        version: 1,
      };
      await insertRule(core.store, rule);
      core.pullThrough.rules.forget(account);
      return { ...ruleShape(rule), ...upstreamShape(rule), createdAt: new Date(rule.createdAt) };
    },
  });

// DescribePullThroughCacheRules: those that are named, or all in pages.
import {
  DescribePullThroughCacheRules$,
  type DescribePullThroughCacheRulesRequest,
  type DescribePullThroughCacheRulesResponse,
} from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import { readPrefix, ruleAccount, ruleShape, rulesResource, upstreamShape } from '../pull-through/rule-input.ts';
import { listRules, type Rule, ruleUnknown } from '../pull-through/rules.ts';
import { ecrOperation, invalid } from './ecr-operation.ts';
import { readPageSize, readPageToken } from './shapes.ts';

const mostNames = 100;

function shape(rule: Rule) {
  const times = { createdAt: new Date(rule.createdAt), updatedAt: new Date(rule.updatedAt) };
  return { ...ruleShape(rule), ...upstreamShape(rule), ...times };
}

export const describePullThroughCacheRulesOperation = (core: Core) =>
  ecrOperation<DescribePullThroughCacheRulesRequest, DescribePullThroughCacheRulesResponse>({
    name: 'DescribePullThroughCacheRules',
    schema: DescribePullThroughCacheRules$,
    effect: 'read',
    access: (_input, call) => ({ resources: [rulesResource(core, call)] }),
    async handle(input, call) {
      const account = ruleAccount(input, call);
      const rules = await listRules(core.store, account);
      const names = input.ecrRepositoryPrefixes;
      if (names) {
        if (names.length < 1 || names.length > mostNames) {
          throw invalid(`Invalid parameter at 'ecrRepositoryPrefixes': 1 to ${mostNames} of them.`);
        }
        const wanted = names.map((name) => {
          const prefix = readPrefix(name, 'ecrRepositoryPrefixes');
          const rule = rules.find((each) => each.prefix === prefix);
          if (!rule) throw ruleUnknown(prefix, account);
          return shape(rule);
        });
        return { pullThroughCacheRules: wanted };
      }
      const size = readPageSize(input.maxResults);
      const purpose = `DescribePullThroughCacheRules ${account}`;
      const [after = ''] = await readPageToken(core, purpose, input.nextToken);
      const left = rules.filter((each) => each.prefix > after);
      const shown = left.slice(0, size);
      const last = left.length > size ? shown.at(-1) : undefined;
      return {
        pullThroughCacheRules: shown.map(shape),
        ...(last && { nextToken: await core.sealer.seal(purpose, [last.prefix]) }),
      };
    },
  });

// AddTags, RemoveTags, DescribeTags: of load balancers, target groups, listeners and rules.
import {
  AddTags$,
  type AddTagsInput,
  DescribeTags$,
  type DescribeTagsInput,
  type DescribeTagsOutput,
  RemoveTags$,
  type RemoveTagsInput,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { operation } from '@longshore/aws';
import { sql, sqlList, type View } from '@longshore/store';
import type { BalancingCore } from '../core.ts';
import { elbErrors } from '../errors.ts';
import { kindOfArn } from '../names.ts';
import { arnAccess, everyAccess, findTags, readTags, tagSteps } from './input.ts';

const mostArns = 20;

const notFound: Readonly<Record<string, () => Error>> = {
  loadbalancer: elbErrors.loadBalancerNotFound,
  targetgroup: elbErrors.targetGroupNotFound,
  listener: elbErrors.listenerNotFound,
  'listener-rule': elbErrors.ruleNotFound,
};

async function requireAll(core: BalancingCore, view: View, account: string, given: readonly string[] | undefined) {
  const arns = given ?? [];
  if (arns.length < 1 || arns.length > mostArns)
    throw elbErrors.validation(`ResourceArns must name 1 to ${mostArns} resources`);
  const rows = await view.all<{ arn: string }>(
    sql`SELECT arn FROM elb_load_balancers WHERE account = ${account} AND arn IN (${sqlList(arns)})
      UNION SELECT arn FROM elb_target_groups WHERE account = ${account} AND arn IN (${sqlList(arns)})
      UNION SELECT arn FROM elb_listeners WHERE account = ${account} AND arn IN (${sqlList(arns)})
      UNION SELECT arn FROM elb_rules WHERE account = ${account} AND arn IN (${sqlList(arns)})`,
  );
  const known = new Set(rows.map((row) => row.arn));
  for (const arn of arns) {
    if (known.has(arn)) continue;
    const kind = kindOfArn(core.region, account, arn);
    throw notFound[kind ?? '']?.() ?? elbErrors.validation(`'${arn.slice(0, 300)}' is not a valid resource ARN`);
  }
  return arns;
}

export const addTags = (core: BalancingCore) =>
  operation<AddTagsInput, object>({
    name: 'AddTags',
    schema: AddTags$,
    effect: 'write',
    access: (input, call) => arnAccess(call, input.ResourceArns ?? []),
    async handle(input, call) {
      const tags = readTags(input.Tags);
      await core.store.update(async (view) => {
        const arns = await requireAll(core, view, call.principal.account, input.ResourceArns);
        const held = await findTags(view, arns);
        for (const arn of arns) {
          const keys = new Set([...(held.get(arn) ?? []), ...tags].map((each) => each.Key));
          if (keys.size > 50) throw elbErrors.tooMany('Tags', 50);
        }
        return { steps: arns.flatMap((arn) => tagSteps(arn, tags)), result: undefined };
      });
      return {};
    },
  });

export const removeTags = (core: BalancingCore) =>
  operation<RemoveTagsInput, object>({
    name: 'RemoveTags',
    schema: RemoveTags$,
    effect: 'write',
    access: (input, call) => arnAccess(call, input.ResourceArns ?? []),
    async handle(input, call) {
      const arns = await requireAll(core, core.store, call.principal.account, input.ResourceArns);
      const keys = input.TagKeys ?? [];
      if (keys.length === 0 || keys.length > 100) throw elbErrors.validation('TagKeys must name 1 to 100 keys');
      await core.store.write([
        { sql: sql`DELETE FROM elb_tags WHERE resource_arn IN (${sqlList(arns)}) AND tag_key IN (${sqlList(keys)})` },
      ]);
      return {};
    },
  });

export const describeTags = (core: BalancingCore) =>
  operation<DescribeTagsInput, DescribeTagsOutput>({
    name: 'DescribeTags',
    schema: DescribeTags$,
    effect: 'read',
    access: everyAccess,
    async handle(input, call) {
      const arns = await requireAll(core, core.store, call.principal.account, input.ResourceArns);
      const tags = await findTags(core.store, arns);
      return { TagDescriptions: arns.map((ResourceArn) => ({ ResourceArn, Tags: tags.get(ResourceArn) ?? [] })) };
    },
  });

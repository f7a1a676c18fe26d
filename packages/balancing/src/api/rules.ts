// CreateRule, DescribeRules, ModifyRule, DeleteRule, SetRulePriorities.
import {
  CreateRule$,
  type CreateRuleInput,
  type CreateRuleOutput,
  DeleteRule$,
  type DeleteRuleInput,
  DescribeRules$,
  type DescribeRulesInput,
  type DescribeRulesOutput,
  ModifyRule$,
  type ModifyRuleInput,
  type ModifyRuleOutput,
  type Rule as ApiRule,
  SetRulePriorities$,
  type SetRulePrioritiesInput,
  type SetRulePrioritiesOutput,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { operation } from '@longshore/aws';
import { sql, sqlList, type View } from '@longshore/store';
import { groupsOf, readActions } from '../actions.ts';
import { readConditions } from '../conditions.ts';
import type { BalancingCore } from '../core.ts';
import { elbErrors } from '../errors.ts';
import { findRules, insertRule, replaceRule } from '../listeners.ts';
import { defaultRuleArn, listenerOfDefaultRule, newId, ruleArn } from '../names.ts';
import { useSteps } from '../target-groups.ts';
import type { Listener, Rule } from '../types.ts';
import { arnAccess, everyAccess, page, readTags, tagSteps } from './input.ts';
import { checkGroups, requireListener } from './listeners.ts';

const perListener = 100;
const highestPriority = 50_000;

function shape(rule: Rule): ApiRule {
  return {
    RuleArn: rule.arn,
    Priority: String(rule.priority),
    Conditions: [...rule.conditions],
    Actions: [...rule.actions],
    IsDefault: false,
  };
}

function shapeDefault(listener: Listener): ApiRule {
  return {
    RuleArn: defaultRuleArn(listener.arn),
    Priority: 'default',
    Conditions: [],
    Actions: [...listener.actions],
    IsDefault: true,
  };
}

async function requireRule(view: View, account: string, arn: string | undefined): Promise<Rule> {
  const [found] = await findRules(view, sql`arn = ${arn ?? ''} AND account = ${account}`);
  if (found !== undefined) return found;
  if (listenerOfDefaultRule(arn ?? '') !== undefined) throw elbErrors.defaultRule();
  throw elbErrors.ruleNotFound();
}

function readPriority(given: number | undefined): number {
  if (given === undefined || !Number.isInteger(given) || given < 1 || given > highestPriority)
    throw elbErrors.validation(`Priority must be between 1 and ${highestPriority}`);
  return given;
}

export const createRule = (core: BalancingCore) =>
  operation<CreateRuleInput, CreateRuleOutput>({
    name: 'CreateRule',
    schema: CreateRule$,
    effect: 'write',
    access: (input, call) => arnAccess(call, [input.ListenerArn]),
    async handle(input, call) {
      const { account } = call.principal;
      const priority = readPriority(input.Priority);
      const tags = readTags(input.Tags);
      const rule = await core.store.update(async (view) => {
        const listener = await requireListener(view, account, input.ListenerArn);
        if (listener.protocol !== 'HTTP') throw elbErrors.unsupportedProtocol('Rules are for HTTP listeners');
        const conditions = readConditions(input.Conditions);
        const actions = readActions(input.Actions, listener.protocol);
        await checkGroups(view, account, listener.protocol, actions);
        const held = await findRules(view, sql`listener_arn = ${listener.arn}`);
        if (held.length >= perListener) throw elbErrors.tooMany('Rules', perListener);
        if (held.some((each) => each.priority === priority)) throw elbErrors.priorityInUse(priority);
        const arn = ruleArn(listener.arn, newId());
        const made: Rule = { arn, account, listenerArn: listener.arn, priority, conditions, actions, version: 1 };
        return {
          steps: [
            insertRule(made),
            ...useSteps(arn, listener.loadBalancerArn, groupsOf(actions)),
            ...tagSteps(arn, tags),
          ],
          result: made,
        };
      });
      core.wake();
      return { Rules: [shape(rule)] };
    },
  });

export const describeRules = (core: BalancingCore) =>
  operation<DescribeRulesInput, DescribeRulesOutput>({
    name: 'DescribeRules',
    schema: DescribeRules$,
    effect: 'read',
    access: everyAccess,
    async handle(input, call) {
      const { account } = call.principal;
      const { ListenerArn, RuleArns: arns = [] } = input;
      if ((ListenerArn === undefined) === (arns.length === 0))
        throw elbErrors.validation('You must specify either rule ARNs or a listener ARN');
      if (ListenerArn !== undefined) {
        const listener = await requireListener(core.store, account, ListenerArn);
        const rules = await findRules(core.store, sql`listener_arn = ${listener.arn}`);
        const all = [...rules.map(shape), shapeDefault(listener)].map((rule, i) => ({ rule, key: `${1000 + i}` }));
        const { items, ...rest } = page(all, input, (each) => each.key);
        return { Rules: items.map((each) => each.rule), ...rest };
      }
      const rules = await findRules(core.store, sql`account = ${account} AND arn IN (${sqlList(arns)})`);
      const shaped = rules.map(shape);
      for (const arn of arns) {
        const of = listenerOfDefaultRule(arn);
        if (of !== undefined) shaped.push(shapeDefault(await requireListener(core.store, account, of)));
      }
      if (shaped.length < new Set(arns).size) throw elbErrors.ruleNotFound();
      return { Rules: shaped };
    },
  });

export const modifyRule = (core: BalancingCore) =>
  operation<ModifyRuleInput, ModifyRuleOutput>({
    name: 'ModifyRule',
    schema: ModifyRule$,
    effect: 'write',
    access: (input, call) => arnAccess(call, [input.RuleArn]),
    async handle(input, call) {
      const { account } = call.principal;
      const rule = await core.store.update(async (view) => {
        const before = await requireRule(view, account, input.RuleArn);
        const listener = await requireListener(view, account, before.listenerArn);
        const actions = input.Actions === undefined ? before.actions : readActions(input.Actions, listener.protocol);
        await checkGroups(view, account, listener.protocol, actions);
        const conditions = input.Conditions === undefined ? before.conditions : readConditions(input.Conditions);
        const after: Rule = { ...before, actions, conditions };
        return {
          steps: [replaceRule(before, after), ...useSteps(before.arn, listener.loadBalancerArn, groupsOf(actions))],
          result: after,
        };
      });
      core.wake();
      return { Rules: [shape(rule)] };
    },
  });

export const deleteRule = (core: BalancingCore) =>
  operation<DeleteRuleInput, object>({
    name: 'DeleteRule',
    schema: DeleteRule$,
    effect: 'write',
    access: (input, call) => arnAccess(call, [input.RuleArn]),
    async handle(input, call) {
      const { arn } = await requireRule(core.store, call.principal.account, input.RuleArn);
      await core.store.write([
        { sql: sql`DELETE FROM elb_uses WHERE user_arn = ${arn}` },
        { sql: sql`DELETE FROM elb_tags WHERE resource_arn = ${arn}` },
        { sql: sql`DELETE FROM elb_rules WHERE arn = ${arn}` },
      ]);
      core.wake();
      return {};
    },
  });

export const setRulePriorities = (core: BalancingCore) =>
  operation<SetRulePrioritiesInput, SetRulePrioritiesOutput>({
    name: 'SetRulePriorities',
    schema: SetRulePriorities$,
    effect: 'write',
    access: (input, call) =>
      arnAccess(
        call,
        (input.RulePriorities ?? []).map((each) => each.RuleArn),
      ),
    async handle(input, call) {
      const wanted = (input.RulePriorities ?? []).map((each) => ({
        arn: each.RuleArn,
        to: readPriority(each.Priority),
      }));
      if (wanted.length === 0 || wanted.length > perListener)
        throw elbErrors.validation(`RulePriorities must name 1 to ${perListener} rules`);
      const moved = await core.store.update(async (view) => {
        const rules: Rule[] = [];
        for (const { arn, to } of wanted) {
          const before = await requireRule(view, call.principal.account, arn);
          rules.push({ ...before, priority: to });
        }
        const steps = [
          // First out of the way, so that two can change places.
          ...rules.map((each) => ({
            sql: sql`UPDATE elb_rules SET priority = ${-each.priority} WHERE arn = ${each.arn}`,
          })),
          ...rules.map((each) => ({
            sql: sql`UPDATE elb_rules SET priority = ${each.priority}, version = version + 1 WHERE arn = ${each.arn}`,
            otherwise: () => elbErrors.priorityInUse(each.priority),
          })),
        ];
        return { steps, result: rules };
      });
      core.wake();
      return { Rules: moved.map(shape) };
    },
  });

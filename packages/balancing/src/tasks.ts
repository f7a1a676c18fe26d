// What the container service needs of load balancers: whether a target group is there, the targets of its tasks, and the
// shares of traffic that a deployment moves.
import { sql } from '@longshore/store';
import { forwardTo, groupsOf, type Share } from './actions.ts';
import type { BalancingCore } from './core.ts';
import { elbErrors } from './errors.ts';
import { findListener, findListeners, findRules, replaceListener, replaceRule } from './listeners.ts';
import { listenerOfDefaultRule, newServerName } from './names.ts';
import { findTargetGroup, targetGroupsByArn, usersOf, useSteps } from './target-groups.ts';
import { deregisterStep, findTargets, planTargets, registerStep, type WantedTarget } from './targets.ts';
import type { TargetCondition } from './types.ts';

export interface TaskTarget {
  readonly targetGroupArn: string;
  /** The task's ARN. */
  readonly owner: string;
  readonly instanceId: string;
  readonly address: string;
  readonly port: number;
}

export interface TaskTargetState {
  readonly targetGroupArn: string;
  readonly owner: string;
  readonly state: TargetCondition;
}

export interface TaskBalancing {
  targetGroup(
    account: string,
    arn: string,
  ): Promise<{ readonly targetType: 'instance' | 'ip'; readonly attached: boolean } | undefined>;
  /** Makes these the targets of all tasks; those no longer named drain. Resolves to all that are there, draining ones too. */
  setTargets(targets: readonly TaskTarget[]): Promise<readonly TaskTargetState[]>;
  /** Sets the shares of a listener's or a rule's forward action. Throws ListenerNotFound, RuleNotFound, TargetGroupNotFound. */
  shift(account: string, listenerOrRuleArn: string, shares: readonly Share[]): Promise<void>;
}

export function taskBalancing(core: BalancingCore): TaskBalancing {
  async function setTargets(targets: readonly TaskTarget[]): Promise<readonly TaskTargetState[]> {
    const arns = [...new Set(targets.map((each) => each.targetGroupArn))];
    const now = core.clock.now();
    const changed = await core.store.update(async (view) => {
      const groups = new Map((await targetGroupsByArn(view, arns)).map((each) => [each.arn, each]));
      const wanted = targets.flatMap((each): WantedTarget[] => {
        const group = groups.get(each.targetGroupArn);
        // Deleted since: there is nothing to register with.
        if (group === undefined) return [];
        const id = group.targetType === 'ip' ? each.address : each.instanceId;
        return [{ groupArn: group.arn, id, port: each.port, owner: each.owner, address: each.address }];
      });
      const held = await findTargets(view, sql`owner <> ''`);
      const { register, drain } = planTargets(held, wanted);
      const steps = [
        ...drain.map((each) => deregisterStep(each, now)),
        ...register.map((each) =>
          registerStep({
            ...each,
            name: newServerName(),
            state: 'initial',
            reason: 'Elb.RegistrationInProgress',
            registeredAt: now,
            deregisteredAt: undefined,
          }),
        ),
      ];
      return { steps, result: steps.length > 0 };
    });
    if (changed) core.wake();
    const held = await findTargets(core.store, sql`owner <> ''`);
    return held.map(({ groupArn, owner, state }) => ({ targetGroupArn: groupArn, owner, state }));
  }

  async function shift(account: string, arn: string, shares: readonly Share[]): Promise<void> {
    const actions = [forwardTo(shares)];
    await core.store.update(async (view) => {
      const groups = await targetGroupsByArn(view, groupsOf(actions), account);
      if (groups.length < shares.length) throw elbErrors.targetGroupNotFound();
      const listenerArn = listenerOfDefaultRule(arn) ?? arn;
      const listener = await findListener(view, account, listenerArn);
      if (listener !== undefined) {
        const same = JSON.stringify(listener.actions) === JSON.stringify(actions);
        const steps = [
          replaceListener(listener, { ...listener, actions }),
          ...useSteps(listener.arn, listener.loadBalancerArn, groupsOf(actions)),
        ];
        return { steps: same ? [] : steps, result: undefined };
      }
      const [rule] = await findRules(view, sql`arn = ${arn} AND account = ${account}`);
      const [parent] = rule === undefined ? [] : await findListeners(view, sql`arn = ${rule.listenerArn}`);
      if (rule === undefined || parent === undefined) throw elbErrors.ruleNotFound();
      const same = JSON.stringify(rule.actions) === JSON.stringify(actions);
      const steps = [
        replaceRule(rule, { ...rule, actions }),
        ...useSteps(rule.arn, parent.loadBalancerArn, groupsOf(actions)),
      ];
      return { steps: same ? [] : steps, result: undefined };
    });
    core.wake();
  }

  return {
    async targetGroup(account, arn) {
      const group = await findTargetGroup(core.store, account, arn);
      if (group === undefined) return undefined;
      const users = await usersOf(core.store, [arn]);
      return { targetType: group.targetType, attached: users.size > 0 };
    },
    setTargets,
    shift,
  };
}

// Keeps the proxy at what the store says: its listeners and rules by a reload, its targets by its runtime API, and takes what
// it says of the targets back into the store. A lease lets one replica do it at a time.
import { errorText, type LoopService, loopService } from '@longshore/base';
import { acquireLease, type Lease, type Step, sql, type View } from '@longshore/store';
import { groupsOf } from '../actions.ts';
import type { BalancingCore } from '../core.ts';
import { findListeners, findRules } from '../listeners.ts';
import { findLoadBalancers } from '../load-balancers.ts';
import { findTargetGroups } from '../target-groups.ts';
import { findTargets, removeStep, stateStep } from '../targets.ts';
import type { Listener, Target } from '../types.ts';
import { backendName, configure, frontendName, type ProxyModel, type ProxyServer } from './config.ts';
import { noteIdle, type PlanInput, planProxy, serverOf } from './plan.ts';
import { probePort } from './probe.ts';
import type { ProxyProcess, SeenProxy } from './process.ts';

const everyMs = 1_000;
const quickMs = 150;
const leaseMs = 10_000;

interface Wanted {
  readonly model: ProxyModel;
  readonly targets: readonly Target[];
}

async function readWanted(view: View): Promise<Wanted> {
  const all = sql`1 = 1`;
  const [balancers, listeners, rules, groups, targets] = [
    await findLoadBalancers(view, all),
    await findListeners(view, all),
    await findRules(view, all),
    await findTargetGroups(view, all),
    await findTargets(view, all),
  ];
  const byArn = new Map(balancers.map((each) => [each.arn, each]));
  return { model: { balancers: byArn, listeners, rules, groups }, targets };
}

/** The model with those listeners only, and the groups that they forward to. */
function servedBy(model: ProxyModel, listeners: readonly Listener[]): ProxyModel {
  const arns = new Set(listeners.map((each) => each.arn));
  const rules = model.rules.filter((each) => arns.has(each.listenerArn));
  const used = new Set([...listeners, ...rules].flatMap((each) => groupsOf(each.actions)));
  return { ...model, listeners, rules, groups: model.groups.filter((each) => used.has(each.arn)) };
}

export function proxyKeeper(core: BalancingCore, proxy: ProxyProcess): LoopService {
  let lease: Lease | undefined;
  let idleSince: ReadonlyMap<string, number> = new Map();
  let hurry: Promise<void> | undefined;
  /** What of the last configuration the proxy takes; found out once. */
  let judged: { readonly hash: string; readonly model: ProxyModel } | undefined;
  /** What was said once of each listener that cannot be bound. */
  const unbound = new Map<string, string>();

  /** Those that the proxy has, or can have. One that cannot be bound must not keep the others from changing. */
  async function bindable(listeners: readonly Listener[], seen: SeenProxy | undefined): Promise<Listener[]> {
    const fine: Listener[] = [];
    for (const listener of listeners) {
      const name = frontendName(listener);
      const why = seen?.frontends.has(name) ? undefined : await probePort(listener.address, listener.port);
      if (why === undefined) {
        fine.push(listener);
        unbound.delete(name);
      } else if (unbound.get(name) !== why) {
        unbound.set(name, why);
        core.log.warn(
          { listener: listener.arn, address: listener.address, port: listener.port, why },
          'a listener cannot be bound',
        );
      }
    }
    return fine;
  }

  /** Servers that the new configuration begins with: those the proxy has, or, after a crash, those that were healthy. */
  function carried({ targets }: Wanted, model: ProxyModel, seen: SeenProxy | undefined): ProxyServer[] {
    const groups = new Map(model.groups.map((each) => [each.arn, each]));
    const had = new Set(seen?.servers.map((each) => `${each.backend}/${each.name}`));
    return targets.flatMap((target) => {
      const group = groups.get(target.groupArn);
      if (group === undefined) return [];
      const kept = seen ? had.has(`${backendName(group.arn)}/${target.name}`) : target.state === 'healthy';
      return kept ? [serverOf(target, group)] : [];
    });
  }

  /**
   * Those listeners that the proxy takes. What the API accepts it should take; should it not, one account's listener must not
   * keep those of the others from changing.
   */
  async function acceptable(model: ProxyModel): Promise<ProxyModel> {
    const whole = await proxy.check(configure(model, proxy.machine, []));
    if (whole === undefined) return model;
    const fine: Listener[] = [];
    for (const listener of model.listeners) {
      const why = await proxy.check(configure(servedBy(model, [listener]), proxy.machine, []));
      if (why === undefined) fine.push(listener);
      else core.log.error({ listener: listener.arn, why }, 'the proxy does not take a listener; it is left out');
    }
    return servedBy(model, fine);
  }

  async function bring(wanted: Wanted, asked: ProxyModel, seen: SeenProxy | undefined): Promise<SeenProxy | undefined> {
    if (asked.listeners.length === 0) {
      if (seen !== undefined) await proxy.stop();
      return undefined;
    }
    const { hash } = configure(asked, proxy.machine, []);
    if (seen?.hash === hash) return seen;
    if (judged?.hash !== hash) judged = { hash, model: await acceptable(asked) };
    const { model } = judged;
    const configuration = configure(model, proxy.machine, carried(wanted, model, seen));
    if (seen?.hash === configuration.hash) return seen;
    if (seen === undefined) await proxy.start(configuration);
    else await proxy.reload(configuration);
    core.log.info(
      { listeners: model.listeners.length, groups: model.groups.length, hash: configuration.hash },
      'the proxy has a new configuration',
    );
    return proxy.look();
  }

  async function keep(): Promise<boolean> {
    const before = await proxy.look();
    const wanted = await readWanted(core.store);
    const model = servedBy(wanted.model, await bindable(wanted.model.listeners, before));
    let seen = before;
    let failure: unknown;
    try {
      seen = await bring(wanted, model, before);
    } catch (error) {
      // Targets are brought to what they should be all the same, and what drains must come to its end.
      failure = error;
    }
    const served = new Set(model.groups.map((each) => each.arn));
    const input: PlanInput = {
      groups: new Map(wanted.model.groups.map((each) => [each.arn, each])),
      served,
      targets: wanted.targets,
      seen: seen?.servers,
      lingering: seen?.lingering ?? new Map(),
      idleSince,
      now: core.clock.now(),
    };
    const plan = planProxy(input);
    idleSince = noteIdle(input);
    if (seen !== undefined && plan.commands.length > 0) {
      const complaints = await proxy.tell(plan.commands, seen);
      if (complaints.length > 0)
        core.log.debug({ complaints: complaints.slice(0, 20) }, 'the proxy did not do all it was told');
    }
    const steps: Step[] = [
      ...plan.states.map((each) => stateStep(each.target, each.state, each.reason)),
      ...plan.gone.map(removeStep),
    ];
    if (steps.length > 0) await core.store.write(steps);
    if (failure !== undefined) throw failure;
    return plan.moving || unbound.size > 0;
  }

  const loop = loopService({
    id: 'load balancer proxy keeper',
    everyMs,
    log: {
      ...core.log,
      error: (fields, message) => core.log.error({ ...fields, problem: errorText(fields['err']) }, message),
    },
    clock: core.clock,
    backoff: { initialMs: 500, maxMs: 10_000 },
    async step({ signal }) {
      if (lease === undefined && (await core.store.get(sql`SELECT arn FROM elb_target_groups LIMIT 1`)) === undefined)
        return;
      if (lease === undefined || lease.expires - core.clock.now() < leaseMs / 2)
        lease = await acquireLease(core.store, 'balancing/proxy', core.replica, leaseMs, core.clock);
      if (lease === undefined) return;
      const moving = await keep();
      if (!moving || hurry !== undefined) return;
      hurry = core.clock.sleep(quickMs, signal).then(() => {
        hurry = undefined;
        loop.wake();
      });
    },
  });
  return loop;
}

// The stages of a deployment that shifts traffic: the new revision is scaled up beside the old one, gets the test traffic,
// then the production traffic at once or in steps, bakes, and then the old one goes. Pure: what is to be shifted is noted,
// and nothing goes on before the load balancer has it.
import { newPauseId, type Pause, type Rollout, type Traffic } from '../services/rollouts.ts';
import { type HookStage, type Stage, stages } from '../services/stages.ts';
import type { ShiftingStrategy } from '../services/strategy.ts';

const minuteMs = 60_000;

/** Percents of production traffic for the new revision, in turn. */
export function stepsOf(strategy: ShiftingStrategy): number[] {
  if (strategy.type === 'BLUE_GREEN') return [100];
  const share = strategy.percent ?? 100;
  if (strategy.type === 'CANARY') return share >= 100 ? [100] : [share, 100];
  const count = Math.ceil(100 / share);
  return Array.from({ length: count }, (_, at) => (at === count - 1 ? 100 : Math.round(share * (at + 1) * 10) / 10));
}

export function sameTraffic(a: Traffic | undefined, b: Traffic | undefined): boolean {
  return a?.production === b?.production && a?.test === b?.test;
}

export interface StageFacts {
  readonly now: number;
  /** All tasks of the new revision are healthy. */
  readonly scaledUp: boolean;
  /** Whether another revision serves until now: without one there is nothing to wait for. */
  readonly replaces: boolean;
  /** Alarms are watched, and it cannot be known now whether they ring. */
  readonly blind: boolean;
}

interface Staged {
  readonly rollout: Rollout;
  /** When time alone brings it on; 0 if it does not. */
  readonly at: number;
}

/** Whether the hooks of the stage let it pass. A hook that nobody answered in time acts by itself. */
function paused(rollout: Rollout, stage: HookStage, strategy: ShiftingStrategy, now: number): Staged | undefined {
  for (const [at, hook] of strategy.hooks.entries()) {
    if (!hook.stages.includes(stage)) continue;
    const pauses = rollout.pauses ?? [];
    const known = pauses.find((each) => each.stage === stage && each.hook === at);
    const replaced = (pause: Pause): Rollout => ({
      ...rollout,
      pauses: [...pauses.filter((each) => each !== known), pause],
      updatedAt: now,
    });
    if (known === undefined) {
      const expiresAt = now + hook.timeoutMinutes * minuteMs;
      const action = hook.timeoutAction;
      const id = newPauseId(rollout, stage, at);
      return {
        rollout: replaced({ id, hook: at, stage, status: 'AWAITING_ACTION', expiresAt, action }),
        at: expiresAt,
      };
    }
    if (known.status === 'SUCCEEDED') continue;
    if (now < known.expiresAt || known.status !== 'AWAITING_ACTION') return { rollout, at: known.expiresAt };
    if (known.action === 'ROLLBACK')
      return { rollout: { ...replaced({ ...known, status: 'TIMED_OUT' }), status: 'ROLLBACK_REQUESTED' }, at: now };
    return { rollout: replaced({ ...known, status: 'SUCCEEDED' }), at: now };
  }
  return undefined;
}

/** One step further, the same object if it has to wait. */
function step(rollout: Rollout, strategy: ShiftingStrategy, facts: StageFacts): Staged {
  const { now } = facts;
  const stage = rollout.stage ?? 'PRE_SCALE_UP';
  const entered = rollout.stageSince ?? now;
  const traffic = rollout.traffic ?? { production: 0, test: 0 };
  const waits: Staged = { rollout, at: 0 };
  const shifted = (more: Partial<Traffic>): Staged => ({
    rollout: { ...rollout, traffic: { ...traffic, ...more }, updatedAt: now },
    at: now,
  });
  if (!sameTraffic(rollout.traffic, rollout.applied)) return waits;
  // The new revision's target groups get no traffic yet, but are listened for, so that their targets are checked.
  const switches = rollout.switches?.length ?? 0;
  if (stage === 'PRE_SCALE_UP' && facts.replaces && switches > 0 && rollout.traffic === undefined) return shifted({});
  if (stage === 'SCALE_UP' && !facts.scaledUp) return waits;
  if (stage === 'TEST_TRAFFIC_SHIFT' && traffic.test !== 100) {
    // Where nobody serves yet, there is nothing to try out beside.
    return shifted(facts.replaces ? { test: 100 } : { test: 100, production: 100 });
  }
  if (stage === 'PRODUCTION_TRAFFIC_SHIFT' && traffic.production < 100) {
    const next = stepsOf(strategy).find((each) => each > traffic.production) ?? 100;
    const due = traffic.production === 0 ? now : (rollout.appliedAt ?? now) + (strategy.stepMinutes ?? 0) * minuteMs;
    return facts.replaces && now < due ? { rollout, at: due } : shifted({ production: facts.replaces ? next : 100 });
  }
  if (stage === 'BAKE_TIME') {
    const due = entered + strategy.bakeMinutes * minuteMs;
    if (facts.replaces && now < due) return { rollout, at: due };
    if (facts.replaces && facts.blind) return waits;
  }
  if (stage === 'CLEAN_UP') return waits;
  if (stage !== 'SCALE_UP' && stage !== 'BAKE_TIME') {
    const pause = paused(rollout, stage, strategy, now);
    if (pause !== undefined) return pause;
  }
  const next = stages[stages.indexOf(stage) + 1] ?? 'CLEAN_UP';
  return { rollout: { ...rollout, stage: next, stageSince: now, updatedAt: now }, at: now };
}

/** As far as it goes now. */
export function advance(rollout: Rollout, strategy: ShiftingStrategy, facts: StageFacts): Staged {
  let current: Staged = { rollout, at: 0 };
  for (let i = 0; i < 2 * stages.length; i++) {
    const next = step(current.rollout, strategy, facts);
    const stopped = next.rollout === current.rollout || next.rollout.status !== 'IN_PROGRESS';
    current = next;
    if (stopped) break;
  }
  return current;
}

export function isBefore(rollout: Rollout, stage: Stage): boolean {
  return stages.indexOf(rollout.stage ?? 'PRE_SCALE_UP') < stages.indexOf(stage);
}

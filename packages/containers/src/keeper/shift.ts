// Shifts traffic: tells the load balancer how a service deployment shares its listeners' traffic, and notes that it was told.
// Telling is idempotent, so a crash between the two tells again. A lease keeps one replica at it: a late old word must not
// come after a newer one.
import { acquireLease, holdsLease, releaseLease } from '@longshore/store';
import type { Core } from '../core.ts';
import { type Rollout, saveRollout, type Traffic, trafficRules } from '../services/rollouts.ts';
import { findService, replaceService, type ServiceRecord } from '../services/rows.ts';
import { sameTraffic } from './stages.ts';

const leaseMs = 30_000;

/** Whether the load balancer has yet to be told. */
export function isUnshifted(rollout: Rollout | undefined): rollout is Rollout & { readonly traffic: Traffic } {
  return rollout?.traffic !== undefined && !sameTraffic(rollout.traffic, rollout.applied);
}

/** Weights of target groups are whole numbers up to 999: percents where that is exact, else as near as it can be. */
export function weightsOf(share: number): { readonly green: number; readonly blue: number } {
  const whole = Number.isInteger(share) ? 100 : 999;
  const green = Math.round((share * whole) / 100);
  return { green, blue: whole - green };
}

async function tell(core: Core, service: ServiceRecord, rollout: Rollout & { readonly traffic: Traffic }) {
  for (const { rule, green, blue, share } of trafficRules(rollout, rollout.traffic)) {
    if (core.loadBalancing === undefined) continue;
    const weights = weightsOf(share);
    await core.loadBalancing.shift(service.account, rule, [
      { targetGroupArn: green, weight: weights.green },
      { targetGroupArn: blue, weight: weights.blue },
    ]);
  }
}

/** Resolves to whether anything was told. */
export async function shiftTraffic(core: Core, arn: string): Promise<boolean> {
  const lease = await acquireLease(core.store, `containers/shift/${arn}`, core.replica, leaseMs, core.clock);
  if (lease === undefined) return false;
  try {
    const service = await findService(core.store, arn);
    const rollout = service?.document.rollout;
    if (service === undefined || !isUnshifted(rollout)) return false;
    await tell(core, service, rollout);
    const now = core.clock.now();
    return await core.store.update(async (view) => {
      const before = await findService(view, arn);
      const current = before?.document.rollout;
      if (before === undefined || current?.arn !== rollout.arn) return { steps: [], result: false };
      const told: Rollout = { ...current, applied: rollout.traffic, appliedAt: now };
      const after = { ...before, document: { ...before.document, rollout: told } };
      return { steps: [holdsLease(lease), replaceService(before, after), saveRollout(before, told)], result: true };
    });
  } finally {
    await releaseLease(core.store, lease);
  }
}

// Whether an instance can take a task, and if not, why. The one function that decides it, for planning as for explaining;
// the write that reserves compares and sets the same amounts.
import type { Demand, Offer, Reason, Rules } from './types.ts';

interface Check {
  readonly reason: Reason;
  /** True if it speaks against the instance. */
  readonly against: (offer: Offer, demand: Demand, rules: Rules) => boolean;
  /** Whether it can speak against any, for such a task; left out: always. */
  readonly asked?: (demand: Demand, rules: Rules) => boolean;
  /** Whether its answer stands as long as the offer's `attributes` are the same object. */
  readonly settled?: true;
}

/** How many tasks of the rules' group are on the instance. */
export function sameGroup(offer: Offer, rules: Pick<Rules, 'group'>): number {
  return offer.groups.get(rules.group) ?? 0;
}

function taken(used: ReadonlySet<number>, wanted: readonly number[]): boolean {
  return wanted.some((port) => used.has(port));
}

/** The most telling first. */
const checks: readonly Check[] = [
  { reason: 'INACTIVE', against: (offer) => offer.status !== 'ACTIVE' },
  { reason: 'AGENT', against: (offer) => !offer.connected },
  {
    reason: 'ATTRIBUTE',
    against: (offer, demand) => demand.attributes.some((name) => !offer.attributes.has(name)),
    settled: true,
  },
  {
    reason: 'MEMBER_OF',
    against: (offer, _demand, rules) => rules.memberOf.some((each) => each.settled && !each.test(offer)),
    settled: true,
  },
  {
    reason: 'MEMBER_OF',
    against: (offer, _demand, rules) => rules.memberOf.some((each) => !each.settled && !each.test(offer)),
    asked: (_demand, rules) => rules.memberOf.some((each) => !each.settled),
  },
  { reason: 'RESOURCE:CPU', against: (offer, demand) => demand.cpu > offer.cpu },
  { reason: 'RESOURCE:MEMORY', against: (offer, demand) => demand.memory > offer.memory },
  {
    reason: 'RESOURCE:GPU',
    against: (offer, demand) => demand.gpus > offer.freeGpus.length,
    asked: (demand) => demand.gpus > 0,
  },
  {
    reason: 'RESOURCE:PORTS',
    against: (offer, demand) => taken(offer.tcp, demand.tcp) || taken(offer.udp, demand.udp),
    asked: (demand) => demand.tcp.length + demand.udp.length > 0,
  },
  {
    reason: 'RESOURCE:ENI',
    against: ({ freeAddresses }, { address }) =>
      address !== 'none' && (freeAddresses === undefined ? address === 'own-subnet' : freeAddresses < 1),
    asked: (demand) => demand.address !== 'none',
  },
  {
    reason: 'DISTINCT_INSTANCE',
    against: (offer, _demand, rules) => rules.distinctInstance && sameGroup(offer, rules) > 0,
    asked: (_demand, rules) => rules.distinctInstance,
  },
];

/** All reasons against, most telling first, each once; empty if the task fits. */
export function refusals(offer: Offer, demand: Demand, rules: Rules): Reason[] {
  return [...new Set(checks.filter((each) => each.against(offer, demand, rules)).map((each) => each.reason))];
}

function passes(which: readonly Check[], demand: Demand, rules: Rules): (offer: Offer) => boolean {
  const tests = which.filter((each) => each.asked?.(demand, rules) ?? true).map((each) => each.against);
  return (offer) => {
    for (const against of tests) if (against(offer, demand, rules)) return false;
    return true;
  };
}

/** `fits` for one kind of task, in two parts: what may be remembered for an offer's `attributes`, and the rest. */
export function fitting(demand: Demand, rules: Rules) {
  return {
    suits: passes(
      checks.filter((each) => each.settled === true),
      demand,
      rules,
    ),
    hasRoom: passes(
      checks.filter((each) => each.settled !== true),
      demand,
      rules,
    ),
  };
}

export function fits(offer: Offer, demand: Demand, rules: Rules): boolean {
  return refusals(offer, demand, rules).length === 0;
}

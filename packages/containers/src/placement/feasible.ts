// Whether an instance can take a task, and if not, why. The one function that decides it, for planning as for explaining;
// the write that reserves compares and sets the same amounts.
import type { Demand, Offer, Reason, Rules } from './types.ts';

type Check = (offer: Offer, demand: Demand, rules: Rules) => boolean;

/** How many tasks of the rules' group are on the instance. */
export function sameGroup(offer: Offer, rules: Pick<Rules, 'group'>): number {
  return offer.groups.get(rules.group) ?? 0;
}

function taken(used: ReadonlySet<number>, wanted: readonly number[]): boolean {
  return wanted.some((port) => used.has(port));
}

/** True if it speaks against the instance; the most telling first. */
const against: readonly (readonly [Reason, Check])[] = [
  ['INACTIVE', (offer) => offer.status !== 'ACTIVE'],
  ['AGENT', (offer) => !offer.connected],
  ['ATTRIBUTE', (offer, demand) => demand.attributes.some((name) => !offer.attributes.has(name))],
  ['MEMBER_OF', (offer, _demand, rules) => rules.memberOf.some((each) => each.settled && !each.test(offer))],
  ['MEMBER_OF', (offer, _demand, rules) => rules.memberOf.some((each) => !each.settled && !each.test(offer))],
  ['RESOURCE:CPU', (offer, demand) => demand.cpu > offer.cpu],
  ['RESOURCE:MEMORY', (offer, demand) => demand.memory > offer.memory],
  ['RESOURCE:GPU', (offer, demand) => demand.gpus > offer.freeGpus.length],
  ['RESOURCE:PORTS', (offer, demand) => taken(offer.tcp, demand.tcp) || taken(offer.udp, demand.udp)],
  ['DISTINCT_INSTANCE', (offer, _demand, rules) => rules.distinctInstance && sameGroup(offer, rules) > 0],
];
/** Those of them whose answer stands as long as the offer's `attributes` are the same object. */
const settled = against.slice(2, 4);
const changing = against.filter((each) => !settled.includes(each));

/** All reasons against, most telling first, each once; empty if the task fits. */
export function refusals(offer: Offer, demand: Demand, rules: Rules): Reason[] {
  const reasons = against.filter(([, speaks]) => speaks(offer, demand, rules)).map(([reason]) => reason);
  return [...new Set(reasons)];
}

function none(checks: typeof against, offer: Offer, demand: Demand, rules: Rules): boolean {
  for (const [, speaks] of checks) if (speaks(offer, demand, rules)) return false;
  return true;
}

/** The part of `fits` that may be remembered for an offer's `attributes`. */
export function suits(offer: Offer, demand: Demand, rules: Rules): boolean {
  return none(settled, offer, demand, rules);
}

/** The rest of `fits`. */
export function hasRoom(offer: Offer, demand: Demand, rules: Rules): boolean {
  return none(changing, offer, demand, rules);
}

export function fits(offer: Offer, demand: Demand, rules: Rules): boolean {
  return suits(offer, demand, rules) && hasRoom(offer, demand, rules);
}

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
  ['MEMBER_OF', (offer, _demand, rules) => rules.memberOf.some((constraint) => !constraint.test(offer))],
  ['RESOURCE:CPU', (offer, demand) => demand.cpu > offer.cpu],
  ['RESOURCE:MEMORY', (offer, demand) => demand.memory > offer.memory],
  ['RESOURCE:GPU', (offer, demand) => demand.gpus > offer.freeGpus.length],
  ['RESOURCE:PORTS', (offer, demand) => taken(offer.tcp, demand.tcp) || taken(offer.udp, demand.udp)],
  ['DISTINCT_INSTANCE', (offer, _demand, rules) => rules.distinctInstance && sameGroup(offer, rules) > 0],
];

/** All reasons against, most telling first; empty if the task fits. */
export function refusals(offer: Offer, demand: Demand, rules: Rules): Reason[] {
  return against.filter(([, speaks]) => speaks(offer, demand, rules)).map(([reason]) => reason);
}

export function fits(offer: Offer, demand: Demand, rules: Rules): boolean {
  return !against.some(([, speaks]) => speaks(offer, demand, rules));
}

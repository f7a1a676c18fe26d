// Whether an instance can take a task, and if not, why. The one function that decides it, for planning as for explaining.
import type { Demand, Offer, Reason, Rules } from './types.ts';

/** All reasons against, most telling first; empty if the task fits. */
export function refusals(offer: Offer, demand: Demand, rules: Pick<Rules, 'distinctInstance'>): Reason[] {
  const reasons: Reason[] = [];
  if (offer.status !== 'ACTIVE') reasons.push('INACTIVE');
  if (!offer.connected) reasons.push('AGENT');
  if (demand.attributes.some((name) => !offer.attributes.has(name))) reasons.push('ATTRIBUTE');
  if (demand.cpu > offer.cpu) reasons.push('RESOURCE:CPU');
  if (demand.memory > offer.memory) reasons.push('RESOURCE:MEMORY');
  if (demand.tcp.some((port) => offer.tcp.has(port)) || demand.udp.some((port) => offer.udp.has(port)))
    reasons.push('RESOURCE:PORTS');
  if (rules.distinctInstance && offer.sameGroup > 0) reasons.push('DISTINCT_INSTANCE');
  return reasons;
}

/** The offer after the task was placed on it. */
export function afterPlacing(offer: Offer, demand: Demand): Offer {
  return {
    ...offer,
    cpu: offer.cpu - demand.cpu,
    memory: offer.memory - demand.memory,
    tcp: demand.tcp.length === 0 ? offer.tcp : new Set([...offer.tcp, ...demand.tcp]),
    udp: demand.udp.length === 0 ? offer.udp : new Set([...offer.udp, ...demand.udp]),
    sameGroup: offer.sameGroup + 1,
  };
}

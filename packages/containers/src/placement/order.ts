// Which of the feasible instances is best: strategies in order of weight, the instance's place in the list as the last word.
import type { Offer, Strategy } from './types.ts';

function fieldOf(offer: Offer, field: string): string {
  return field === 'instanceId' || field === 'host'
    ? offer.arn
    : (offer.attributes.get(field.replace(/^attribute:/, '')) ?? '');
}

/** A function that gives an offer's cost under `strategy`: the smaller, the better. */
function costUnder(strategy: Strategy, all: readonly Offer[], random: () => number): (offer: Offer) => number {
  if (strategy.type === 'random') return () => random();
  if (strategy.type === 'binpack') return (offer) => (strategy.field === 'cpu' ? offer.cpu : offer.memory);
  const totals = new Map<string, number>();
  for (const offer of all) {
    const key = fieldOf(offer, strategy.field);
    totals.set(key, (totals.get(key) ?? 0) + offer.sameGroup);
  }
  return (offer) => totals.get(fieldOf(offer, strategy.field)) ?? 0;
}

/** The best of `feasible` (not empty): lexicographic in the strategies' costs, then first in the list. */
export function pick(
  feasible: readonly Offer[],
  all: readonly Offer[],
  strategies: readonly Strategy[],
  random: () => number,
): Offer | undefined {
  let best = feasible;
  for (const strategy of strategies) {
    const cost = costUnder(strategy, all, random);
    const costs = best.map(cost);
    const least = Math.min(...costs);
    best = best.filter((_, i) => costs[i] === least);
  }
  return best[0];
}

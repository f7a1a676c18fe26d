// Places tasks of one kind on instances, one after the other, each seeing what the ones before it took.
import { afterPlacing, refusals } from './feasible.ts';
import { pick } from './order.ts';
import type { Demand, Offer, Reason, Rules } from './types.ts';

export interface PlacementFailure {
  readonly arn: string;
  readonly reason: Reason;
}

export interface PlacementResult {
  /** Instance ARNs, one a task, at most `count`. */
  readonly placed: readonly string[];
  /** If some task found no place: every instance with the first reason against it. */
  readonly failures: readonly PlacementFailure[];
}

export function place(
  offers: readonly Offer[],
  demand: Demand,
  count: number,
  rules: Rules,
  random: () => number,
): PlacementResult {
  let current = offers;
  const placed: string[] = [];
  while (placed.length < count) {
    const feasible = current.filter((offer) => refusals(offer, demand, rules).length === 0);
    const chosen = pick(feasible, current, rules.strategies, random);
    if (chosen === undefined) return { placed, failures: explain(current, demand, rules) };
    placed.push(chosen.arn);
    current = current.map((offer) => (offer === chosen ? afterPlacing(offer, demand) : offer));
  }
  return { placed, failures: [] };
}

function explain(offers: readonly Offer[], demand: Demand, rules: Rules): PlacementFailure[] {
  return offers.flatMap((offer) => {
    const [reason] = refusals(offer, demand, rules);
    return reason === undefined ? [] : [{ arn: offer.arn, reason }];
  });
}

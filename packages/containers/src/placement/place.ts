// Places tasks of one kind on a cluster's instances, one after the other, each seeing what the ones before it took.
import { refusals } from './feasible.ts';
import type { Hold, Roster } from './roster.ts';
import type { Demand, Offer, Reason, Rules } from './types.ts';

export interface PlacementFailure {
  readonly arn: string;
  readonly reason: Reason;
  /** What exactly is not met, where the reason alone does not say it. */
  readonly detail?: string | undefined;
}

export interface PlacementResult {
  /** What each placed task holds, at most `count`. */
  readonly holds: readonly Hold[];
  /** If some task found no place: instances with the first reason against each, the first hundred. */
  readonly failures: readonly PlacementFailure[];
}

/** As many as an answer names. */
const maxFailures = 100;

/** What speaks against an instance; undefined if nothing does. */
export function failureOf(offer: Offer, demand: Demand, rules: Rules): PlacementFailure | undefined {
  const [reason] = refusals(offer, demand, rules);
  return reason === undefined ? undefined : { arn: offer.arn, reason, detail: detailOf(reason, offer, demand, rules) };
}

export function detailOf(reason: Reason, offer: Offer, demand: Demand, rules: Rules): string | undefined {
  if (reason === 'MEMBER_OF') return rules.memberOf.flatMap((each) => each.unmet(offer)).join('; ');
  if (reason === 'ATTRIBUTE') return demand.attributes.filter((name) => !offer.attributes.has(name)).join(', ');
  return undefined;
}

function explain(roster: Roster, demand: Demand, rules: Rules): PlacementFailure[] {
  const failures: PlacementFailure[] = [];
  for (const offer of roster.all()) {
    const failure = failureOf(offer, demand, rules);
    if (failure !== undefined) failures.push(failure);
    if (failures.length === maxFailures) break;
  }
  return failures;
}

export function place(roster: Roster, demand: Demand, count: number, rules: Rules): PlacementResult {
  const holds: Hold[] = [];
  const choose = roster.chooser(demand, rules);
  while (holds.length < count) {
    const chosen = choose();
    if (chosen === undefined) return { holds, failures: explain(roster, demand, rules) };
    holds.push(roster.hold(chosen.arn, demand, rules.group));
  }
  return { holds, failures: [] };
}

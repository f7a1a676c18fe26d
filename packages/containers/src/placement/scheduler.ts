// A scheduler of the customer's own: it is asked with what the task needs and which instances could take it, and answers with
// instances. Its answer is a proposal: each is checked by the same function as everything else, and the write reserves.
import { type Clock, errorText, type Logger } from '@longshore/base';
import type { PlacementFailure } from './place.ts';
import { failureOf } from './place.ts';
import { fits, sameGroup } from './feasible.ts';
import type { Hold, Roster } from './roster.ts';
import type { Demand, Offer, Rules } from './types.ts';

/** What is asked, as JSON. */
export interface SchedulerRequest {
  readonly version: 1;
  readonly cluster: string;
  readonly taskDefinition: string;
  readonly group: string;
  readonly startedBy: string;
  /** '' if no service keeps the tasks. */
  readonly service: string;
  readonly count: number;
  readonly demand: Demand;
  readonly constraints: readonly string[];
  readonly distinctInstance: boolean;
  readonly strategies: Rules['strategies'];
  readonly candidates: readonly SchedulerCandidate[];
  /** Whether there are more instances that could take one; the answer may name them, too. */
  readonly more: boolean;
}

export interface SchedulerCandidate {
  readonly arn: string;
  readonly cpu: number;
  readonly memory: number;
  readonly gpus: number;
  /** Tasks of the same group on it. */
  readonly sameGroup: number;
  /** Without those that only tell what its agent can do. */
  readonly attributes: Readonly<Record<string, string>>;
}

export interface SchedulerAnswer {
  /** An instance for each task, at most `count`; one may be named several times. */
  readonly placements: readonly string[];
  /** Said where fewer are named than were asked for. */
  readonly reason?: string | undefined;
}

/** Asks it; rejects if it does not answer in time or not what it should. Filled by `server`. */
export interface ExternalScheduler {
  ask(request: SchedulerRequest): Promise<SchedulerAnswer>;
  /** What happens when it fails: Longshore decides itself, or nothing is placed. */
  readonly onFailure: 'fall-back' | 'refuse';
}

export interface Proposed {
  readonly holds: readonly Hold[];
  readonly failures: readonly (
    | PlacementFailure
    | { readonly arn: string; readonly reason: string; readonly detail: string }
  )[];
}

/** Undefined: Longshore is to decide itself. */
export type Propose = (
  roster: Roster,
  order: Omit<
    SchedulerRequest,
    'version' | 'demand' | 'candidates' | 'more' | 'constraints' | 'distinctInstance' | 'strategies'
  >,
  demand: Demand,
  rules: Rules,
) => Promise<Proposed | undefined>;

const maxCandidates = 1000;
/** One that failed is not asked again for so long. */
const pauseMs = 5_000;

function candidate(offer: Offer, rules: Rules): SchedulerCandidate {
  const { arn, cpu, memory, freeGpus } = offer;
  const told = [...offer.attributes].filter(([name]) => !/^(?:com\.amazonaws\.)?ecs\.capability\./.test(name));
  return {
    arn,
    cpu,
    memory,
    gpus: freeGpus.length,
    sameGroup: sameGroup(offer, rules),
    attributes: Object.fromEntries(told),
  };
}

function candidates(roster: Roster, demand: Demand, rules: Rules) {
  const found: SchedulerCandidate[] = [];
  for (const offer of roster.all()) {
    if (!fits(offer, demand, rules)) continue;
    if (found.length === maxCandidates) return { candidates: found, more: true };
    found.push(candidate(offer, rules));
  }
  return { candidates: found, more: false };
}

/** Takes what the answer names, as far as it fits. */
function take(
  roster: Roster,
  count: number,
  answer: SchedulerAnswer,
  cluster: string,
  demand: Demand,
  rules: Rules,
): Proposed {
  const holds: Hold[] = [];
  const failures: Proposed['failures'][number][] = [];
  for (const arn of answer.placements.slice(0, count)) {
    const offer = roster.get(arn);
    if (offer === undefined) {
      failures.push({ arn, reason: 'MISSING', detail: 'The scheduler named an instance that is not there.' });
      continue;
    }
    const failure = failureOf(offer, demand, rules);
    if (failure === undefined) holds.push(roster.hold(arn, demand, rules.group));
    else failures.push(failure);
  }
  if (holds.length + failures.length < count)
    failures.push({ arn: cluster, reason: 'SCHEDULER', detail: answer.reason ?? 'The scheduler named no instance.' });
  return { holds, failures };
}

export function proposer(scheduler: ExternalScheduler, clock: Clock, log: Logger): Propose {
  let askAgainAt = 0;
  return async (roster, order, demand, rules) => {
    const failed = (detail: string) =>
      scheduler.onFailure === 'fall-back'
        ? undefined
        : { holds: [], failures: [{ arn: order.cluster, reason: 'SCHEDULER', detail }] };
    if (clock.now() < askAgainAt) return failed('The scheduler failed a moment ago.');
    const request: SchedulerRequest = {
      version: 1,
      ...order,
      demand,
      constraints: rules.memberOf.map((each) => each.text),
      distinctInstance: rules.distinctInstance,
      strategies: rules.strategies,
      ...candidates(roster, demand, rules),
    };
    try {
      return take(roster, order.count, await scheduler.ask(request), order.cluster, demand, rules);
    } catch (error) {
      askAgainAt = clock.now() + pauseMs;
      log.warn({ problem: errorText(error), onFailure: scheduler.onFailure }, 'the external scheduler failed');
      return failed(`The scheduler failed: ${errorText(error).slice(0, 200)}`);
    }
  };
}

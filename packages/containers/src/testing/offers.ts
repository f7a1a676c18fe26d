// Offers and demands for tests of placement, and the slow way to the right choice: look at all instances each time.
import { fits, sameGroup } from '../placement/feasible.ts';
import { createRoster, type Roster } from '../placement/roster.ts';
import type { Demand, Offer, Rules, Strategy } from '../placement/types.ts';

export function offer(arn: string, more: Partial<Offer> = {}): Offer {
  return {
    arn,
    status: 'ACTIVE',
    connected: true,
    agentVersion: '1.0.0',
    ec2InstanceId: '',
    registeredAt: 0,
    runningTasks: 0,
    cpu: 1000,
    memory: 1000,
    gpuIds: [],
    freeGpus: [],
    tcp: new Set([22]),
    udp: new Set(),
    freeAddresses: undefined,
    attributes: new Map([['ecs.os-type', 'linux']]),
    groups: new Map(),
    ...more,
  };
}

export function demand(more: Partial<Demand> = {}): Demand {
  return { cpu: 100, memory: 100, gpus: 0, tcp: [], udp: [], address: 'none', attributes: [], ...more };
}

export function rules(more: Partial<Rules> = {}): Rules {
  return { distinctInstance: false, memberOf: [], strategies: [], group: 'g', ...more };
}

export function rosterOf(offers: readonly Offer[], mostRankings?: number): Roster {
  const roster = createRoster(Math.random, mostRankings);
  for (const each of offers) roster.put(each.arn, each);
  return roster;
}

function cost(strategy: Strategy, each: Offer, all: readonly Offer[], how: Rules): number {
  if (strategy.type === 'random') return 0;
  if (strategy.type === 'binpack') return strategy.field === 'cpu' ? each.cpu : each.memory;
  if (!strategy.field.startsWith('attribute:')) return sameGroup(each, how);
  const value = (one: Offer) => one.attributes.get(strategy.field.slice(10)) ?? '';
  return all.filter((one) => value(one) === value(each)).reduce((sum, one) => sum + sameGroup(one, how), 0);
}

/** Costs of an instance, one a strategy; what comes after `random` decides nothing. */
export function costsOf(each: Offer, all: readonly Offer[], how: Rules): number[] {
  const random = how.strategies.findIndex((strategy) => strategy.type === 'random');
  return how.strategies.slice(0, random < 0 ? undefined : random).map((strategy) => cost(strategy, each, all, how));
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return (a[i] ?? 0) - (b[i] ?? 0);
  return 0;
}

/** The least costs that any feasible instance has; undefined if none is. */
export function leastCosts(all: readonly Offer[], what: Demand, how: Rules): number[] | undefined {
  return all
    .filter((each) => fits(each, what, how))
    .map((each) => costsOf(each, all, how))
    .toSorted(compare)[0];
}

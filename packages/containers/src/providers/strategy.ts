// Capacity provider strategies: which providers tasks go to. A base is filled first, then tasks follow the weights. Pure.
import type { CapacityProviderStrategyItem } from '@aws-sdk/client-ecs';
import { invalidParameter } from '../errors.ts';
import { lastPart } from '../names.ts';

export interface StrategyItem {
  /** The provider's name. */
  readonly capacityProvider: string;
  readonly weight: number;
  readonly base: number;
}

const most = 20;

/** Throws InvalidParameterException. Whether the providers exist is not looked at here. */
export function readStrategy(given: readonly CapacityProviderStrategyItem[] | undefined): readonly StrategyItem[] {
  const items = (given ?? []).map((each): StrategyItem => {
    const { weight = 0, base = 0 } = each;
    if (!each.capacityProvider) throw invalidParameter('A capacity provider strategy item must name its provider.');
    if (!Number.isInteger(weight) || weight < 0 || weight > 1000)
      throw invalidParameter('The weight of a capacity provider must be between 0 and 1000.');
    if (!Number.isInteger(base) || base < 0 || base > 100_000)
      throw invalidParameter('The base of a capacity provider must be between 0 and 100000.');
    const reference = each.capacityProvider;
    return { capacityProvider: reference.startsWith('arn:') ? lastPart(reference) : reference, weight, base };
  });
  if (items.length > most)
    throw invalidParameter(`A capacity provider strategy cannot have more than ${most} capacity providers.`);
  if (new Set(items.map((each) => each.capacityProvider)).size !== items.length)
    throw invalidParameter('A capacity provider strategy cannot name a capacity provider twice.');
  if (items.filter((each) => each.base > 0).length > 1)
    throw invalidParameter('Only one capacity provider in a strategy can have a base.');
  // A single provider has all the weight, whatever it is.
  if (items.length === 1) return items.map((each) => ({ ...each, weight: Math.max(1, each.weight) }));
  if (items.length > 1 && items.every((each) => each.weight === 0))
    throw invalidParameter('At least one capacity provider in a strategy must have a weight above 0.');
  return items;
}

/** How many of `count` new tasks go to each provider, by name, when `existing` tasks are there already. */
export function distribute(
  count: number,
  strategy: readonly StrategyItem[],
  existing: ReadonlyMap<string, number> = new Map(),
): Map<string, number> {
  const total = new Map(strategy.map((each) => [each.capacityProvider, existing.get(each.capacityProvider) ?? 0]));
  const given = new Map(strategy.map((each) => [each.capacityProvider, 0]));
  const bump = (map: Map<string, number>, name: string) => map.set(name, (map.get(name) ?? 0) + 1);
  for (let i = 0; i < count; i++) {
    const beyond = (item: StrategyItem) => Math.max(0, (total.get(item.capacityProvider) ?? 0) - item.base);
    const hungry = strategy.find((item) => (total.get(item.capacityProvider) ?? 0) < item.base);
    const weighty = strategy.filter((item) => item.weight > 0);
    const [least] = weighty.toSorted((a, b) => (beyond(a) + 1) / a.weight - (beyond(b) + 1) / b.weight);
    const chosen = hungry ?? least;
    if (chosen === undefined) break;
    bump(total, chosen.capacityProvider);
    bump(given, chosen.capacityProvider);
  }
  return given;
}

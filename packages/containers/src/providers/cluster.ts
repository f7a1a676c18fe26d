// Which capacity providers a cluster has, and which strategy a launch in it follows.
import type { CapacityProviderStrategyItem } from '@aws-sdk/client-ecs';
import type { View } from '@longshore/store';
import type { ClusterRecord } from '../clusters.ts';
import { invalidParameter } from '../errors.ts';
import { lastPart, type Place } from '../names.ts';
import { findProviders, providerArnOf } from './records.ts';
import { readStrategy, type StrategyItem } from './strategy.ts';

const mostProviders = 20;

/** The providers that a cluster is to have, by name, and its default strategy. Throws InvalidParameterException. */
export async function readClusterProviders(
  view: View,
  place: Place,
  input: {
    readonly capacityProviders?: readonly string[] | undefined;
    readonly defaultCapacityProviderStrategy?: readonly CapacityProviderStrategyItem[] | undefined;
  },
): Promise<{ readonly capacityProviders: readonly string[]; readonly defaultStrategy: readonly StrategyItem[] }> {
  const references = [...new Set(input.capacityProviders ?? [])];
  if (references.length > mostProviders)
    throw invalidParameter(`A cluster cannot have more than ${mostProviders} capacity providers.`);
  const wanted = references.map((reference) => {
    const arn = providerArnOf(place, reference);
    if (arn === undefined) throw unknownProvider(reference);
    return arn;
  });
  const found = new Set((await findProviders(view, wanted)).map((each) => each.arn));
  for (const arn of wanted) if (!found.has(arn)) throw unknownProvider(lastPart(arn));
  const capacityProviders = [...new Set(wanted.map(lastPart))];
  const defaultStrategy = readStrategy(input.defaultCapacityProviderStrategy);
  checkMembers(defaultStrategy, capacityProviders);
  return { capacityProviders, defaultStrategy };
}

function unknownProvider(name: string): Error {
  return invalidParameter(
    `The specified capacity provider '${name.slice(0, 255)}' was not found. Specify a valid name or ARN and try again.`,
  );
}

function checkMembers(strategy: readonly StrategyItem[], providers: readonly string[]): void {
  for (const { capacityProvider } of strategy)
    if (!providers.includes(capacityProvider))
      throw invalidParameter(
        `The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster: ` +
          `${capacityProvider.slice(0, 255)}. Associate the capacity provider with the cluster and try again.`,
      );
}

/**
 * The strategy that a launch follows: the caller's, else (if no launch type is named) the cluster's own; undefined for any
 * instance of the cluster. Throws InvalidParameterException.
 */
export function launchStrategy(
  cluster: ClusterRecord,
  launchType: string | undefined,
  given: readonly CapacityProviderStrategyItem[] | undefined,
): readonly StrategyItem[] | undefined {
  const strategy = readStrategy(given);
  if (strategy.length > 0 && launchType !== undefined)
    throw invalidParameter(
      'Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.',
    );
  checkMembers(strategy, cluster.document.capacityProviders ?? []);
  if (strategy.length > 0) return strategy;
  const usual = cluster.document.defaultStrategy ?? [];
  return launchType === undefined && usual.length > 0 ? usual : undefined;
}

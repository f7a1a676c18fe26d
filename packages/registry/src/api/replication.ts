// The replication configuration of a registry, in the shapes of ECR. It is kept; copying is not done yet.
import type { ReplicationConfiguration, ReplicationRule as RuleShape } from '@aws-sdk/client-ecr';
import { type AccountId, parseAccountId } from '@longshore/base';
import type { RegistrySettings, ReplicationRule } from '../accounts.ts';
import type { Core } from '../core.ts';
import { invalid } from './ecr-operation.ts';

const mostRules = 10;
/** Different destinations of all rules together (ECR service quotas). */
const mostDestinations = 25;
const regionPattern = /^[0-9a-z-]{2,25}$/;
const prefixPattern = /^(?:[a-z0-9]+(?:[._-][a-z0-9]*)*\/)*[a-z0-9]*(?:[._-][a-z0-9]*)*$/;

export function replicationShape(settings: RegistrySettings): ReplicationConfiguration {
  return {
    rules: (settings.replication ?? []).map(({ destinations, prefixes }) => ({
      destinations: destinations.map((each) => ({ ...each })),
      ...(prefixes && {
        repositoryFilters: prefixes.map((filter) => ({ filter, filterType: 'PREFIX_MATCH' as const })),
      }),
    })),
  };
}

function readRule(core: Core, own: AccountId, { destinations, repositoryFilters }: RuleShape): ReplicationRule {
  if (!destinations) throw invalid("Invalid parameter at 'destinations': it is needed.");
  const read = destinations.map(({ region = '', registryId = '' }) => {
    if (!regionPattern.test(region)) throw invalid("Invalid parameter at 'region': 2 to 25 of a-z, 0-9 and -.");
    if (!parseAccountId(registryId)) throw invalid("Invalid parameter at 'registryId': it must be twelve digits.");
    if (region === core.region && registryId === own) {
      throw invalid('Invalid parameter: the destination of a replication rule must not be this registry itself.');
    }
    return { region, registryId };
  });
  if (!repositoryFilters) return { destinations: read };
  if (repositoryFilters.length < 1 || repositoryFilters.length > 100) {
    throw invalid("Invalid parameter at 'repositoryFilters': 1 to 100 of them.");
  }
  const prefixes = repositoryFilters.map(({ filter = '', filterType }) => {
    const fits = filter.length >= 2 && filter.length <= 256 && prefixPattern.test(filter);
    if (filterType !== 'PREFIX_MATCH' || !fits) {
      throw invalid("Invalid parameter at 'repositoryFilters': filterType PREFIX_MATCH, and beginnings of names.");
    }
    return filter;
  });
  return { destinations: read, prefixes };
}

/** Throws parameterInvalid. */
export function readReplication(
  core: Core,
  own: AccountId,
  configuration: ReplicationConfiguration | undefined,
): ReplicationRule[] {
  const rules = configuration?.rules;
  if (!rules || rules.length > mostRules) throw invalid(`Invalid parameter at 'rules': ${mostRules} at most.`);
  const read = rules.map((rule) => readRule(core, own, rule));
  const places = new Set(read.flatMap((rule) => rule.destinations.map((to) => `${to.region} ${to.registryId}`)));
  if (places.size > mostDestinations) throw invalid(`There may be ${mostDestinations} different destinations at most.`);
  return read;
}

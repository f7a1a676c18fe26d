// Placement constraints and strategies as a caller names them, checked and read.
import type { PlacementConstraint, PlacementStrategy } from '@aws-sdk/client-ecs';
import { invalidParameter, unsupported } from '../errors.ts';
import type { Rules, Strategy } from './types.ts';

function readStrategy(strategy: PlacementStrategy): Strategy {
  const field = strategy.field ?? '';
  switch (strategy.type) {
    case 'random':
      return { type: 'random', field: '' };
    case 'spread':
      if (!/^(?:instanceId|host|attribute:[A-Za-z0-9_.\-/\\]{1,128})$/.test(field))
        throw invalidParameter('The field of a spread strategy must be instanceId, host or attribute:NAME.');
      return { type: 'spread', field };
    case 'binpack':
      if (!/^(?:cpu|memory)$/i.test(field))
        throw invalidParameter('The field of a binpack strategy must be cpu or memory.');
      return { type: 'binpack', field: field.toLowerCase() };
    default:
      throw invalidParameter('A placement strategy must be random, spread or binpack.');
  }
}

/** Throws InvalidParameterException, or UnsupportedFeatureException for `memberOf`. */
export function readRules(
  constraints: readonly PlacementConstraint[] | undefined,
  strategies: readonly PlacementStrategy[] | undefined,
): Rules {
  if ((constraints?.length ?? 0) > 10) throw invalidParameter('At most 10 placement constraints are allowed.');
  if ((strategies?.length ?? 0) > 5) throw invalidParameter('At most 5 placement strategies are allowed.');
  for (const constraint of constraints ?? []) {
    if (constraint.type === 'memberOf') throw unsupported('The placement constraint memberOf');
    if (constraint.type !== 'distinctInstance')
      throw invalidParameter('A placement constraint must be distinctInstance or memberOf.');
    if (constraint.expression) throw invalidParameter('distinctInstance takes no expression.');
  }
  return { distinctInstance: (constraints?.length ?? 0) > 0, strategies: (strategies ?? []).map(readStrategy) };
}

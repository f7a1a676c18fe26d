// Placement constraints and strategies as a caller names them, checked and read.
import type { PlacementConstraint, PlacementStrategy, TaskDefinitionPlacementConstraint } from '@aws-sdk/client-ecs';
import { clientError, invalidParameter } from '../errors.ts';
import { compileConstraint } from './language/compile.ts';
import type { Strategy, Wishes } from './types.ts';

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

/** Throws InvalidParameterException. */
export function readRules(
  constraints: readonly PlacementConstraint[] | undefined,
  strategies: readonly PlacementStrategy[] | undefined,
): Wishes {
  if ((constraints?.length ?? 0) > 10) throw invalidParameter('At most 10 placement constraints are allowed.');
  if ((strategies?.length ?? 0) > 5) throw invalidParameter('At most 5 placement strategies are allowed.');
  for (const { type, expression } of constraints ?? []) {
    if (type !== 'memberOf' && type !== 'distinctInstance')
      throw invalidParameter('A placement constraint must be distinctInstance or memberOf.');
    if (type === 'distinctInstance' && expression) throw invalidParameter('distinctInstance takes no expression.');
    if (type === 'memberOf' && !expression) throw invalidParameter('memberOf needs an expression.');
  }
  return {
    distinctInstance: (constraints ?? []).some((each) => each.type === 'distinctInstance'),
    memberOf: (constraints ?? [])
      .filter((each) => each.type === 'memberOf')
      .map((each) => compileConstraint(each.expression ?? '')),
    strategies: (strategies ?? []).map(readStrategy),
  };
}

/** The constraints of a task definition, which may only be `memberOf`. Throws ClientException or InvalidParameterException. */
export function checkDefinitionConstraints(
  constraints: readonly TaskDefinitionPlacementConstraint[] | undefined,
): TaskDefinitionPlacementConstraint[] {
  if ((constraints?.length ?? 0) > 10) throw clientError('At most 10 placement constraints are allowed.');
  return (constraints ?? []).map(({ type, expression }) => {
    if (type !== 'memberOf') throw clientError('A placement constraint of a task definition must be memberOf.');
    if (!expression) throw clientError('memberOf needs an expression.');
    compileConstraint(expression);
    return { type, expression };
  });
}

// Where a service's tasks go if it does not say: evenly over the zones, in a zone to the instance with the fewest of them
// (ECS, "UpdateService": how the service scheduler places tasks).
import { readRules } from '../placement/rules.ts';
import type { Wishes } from '../placement/types.ts';
import type { ServiceDocument } from '../services/rows.ts';

const usual: Wishes['strategies'] = [
  { type: 'spread', field: 'attribute:ecs.availability-zone' },
  { type: 'spread', field: 'instanceId' },
];

export function placementWishes(
  document: Pick<ServiceDocument, 'placementConstraints' | 'placementStrategy' | 'schedulingStrategy'>,
): Wishes {
  const wishes = readRules(document.placementConstraints, document.placementStrategy);
  return wishes.strategies.length === 0 && document.schedulingStrategy !== 'DAEMON'
    ? { ...wishes, strategies: usual }
    : wishes;
}

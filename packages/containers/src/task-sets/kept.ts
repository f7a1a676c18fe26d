// A task set as the planner of services sees one: a service with one deployment, as large as the set's share. Pure.
import { keptService } from '../keeper/read.ts';
import type { KeptService } from '../keeper/types.ts';
import type { ServiceRecord } from '../services/rows.ts';
import { type TaskSetRecord, wantedOf } from './rows.ts';

/** What is started for the set is started for this. */
export function serviceOf(service: ServiceRecord, set: TaskSetRecord): ServiceRecord {
  const { deployment, launchType, steady, capacityProviderStrategy, networkConfiguration } = set.document;
  return {
    ...service,
    launchType,
    desiredCount: wantedOf(set, service.desiredCount),
    definitionArn: deployment.definitionArn,
    document: {
      ...service.document,
      deploymentController: 'ECS',
      schedulingStrategy: 'REPLICA',
      availabilityZoneRebalancing: 'DISABLED',
      capacityProviderStrategy,
      networkConfiguration,
      circuitBreaker: undefined,
      deployments: [deployment],
      lastCompleted: undefined,
      rollout: undefined,
      moving: undefined,
      steady,
    },
  };
}

export function keptTaskSet(service: ServiceRecord, set: TaskSetRecord): KeptService {
  return keptService(serviceOf(service, set));
}

// Services as the API shows them.
import type { Deployment as ApiDeployment, Service, ServiceCurrentRevisionSummary, TaskSet } from '@aws-sdk/client-ecs';
import type { View } from '@longshore/store';
import { dateOf } from '../documents.ts';
import { shapeConfiguration } from './configuration.ts';
import { isOpen } from './rollouts.ts';
import { countServiceTasks, type Deployment, type ServiceRecord, type TaskCount } from './rows.ts';
import { type CleanTag } from '../tags.ts';
import { taskSetsOf } from '../task-sets/shape.ts';

const pendingStatuses = new Set(['PROVISIONING', 'PENDING', 'ACTIVATING']);

/** A launch type or a strategy of capacity providers, never both. */
function launchOf({ launchType, document }: ServiceRecord) {
  const { capacityProviderStrategy: strategy } = document;
  return strategy === undefined ? { launchType } : { capacityProviderStrategy: strategy.map((each) => ({ ...each })) };
}

function total(counts: readonly TaskCount[], keep: (count: TaskCount) => boolean): number {
  return counts.filter(keep).reduce((sum, each) => sum + each.count, 0);
}

function shapeDeployment(service: ServiceRecord, deployment: Deployment, counts: readonly TaskCount[]): ApiDeployment {
  const mine = counts.filter((each) => each.deployment === deployment.id);
  const runningCount = total(mine, (each) => each.status === 'RUNNING');
  const pendingCount = total(mine, (each) => pendingStatuses.has(each.status));
  return {
    id: deployment.id,
    status: deployment.status,
    taskDefinition: deployment.definitionArn,
    desiredCount: deployment.status === 'PRIMARY' ? service.desiredCount : runningCount + pendingCount,
    pendingCount,
    runningCount,
    failedTasks: deployment.failedTasks,
    createdAt: dateOf(deployment.createdAt),
    updatedAt: dateOf(deployment.updatedAt),
    ...launchOf(service),
    rolloutState: deployment.rolloutState,
    rolloutStateReason: deployment.rolloutStateReason,
  };
}

function shapeCurrentRevision(
  service: ServiceRecord,
  deployment: Deployment,
  arn: string,
  counts: readonly TaskCount[],
): ServiceCurrentRevisionSummary {
  const { desiredCount, pendingCount, runningCount } = shapeDeployment(service, deployment, counts);
  return { arn, requestedTaskCount: desiredCount, runningTaskCount: runningCount, pendingTaskCount: pendingCount };
}

function shape(
  service: ServiceRecord,
  counts: readonly TaskCount[],
  tags: readonly CleanTag[] | undefined,
  taskSets: readonly TaskSet[] | undefined,
): Service {
  const { document } = service;
  return {
    serviceArn: service.arn,
    serviceName: service.name,
    clusterArn: service.clusterArn,
    networkConfiguration: document.networkConfiguration,
    loadBalancers: (document.loadBalancers ?? []).map((each) => ({ ...each })),
    serviceRegistries: (document.serviceRegistries ?? []).map((each) => ({ ...each })),
    status: service.status,
    desiredCount: service.desiredCount,
    runningCount: total(counts, (each) => each.status === 'RUNNING'),
    pendingCount: total(counts, (each) => pendingStatuses.has(each.status)),
    ...launchOf(service),
    taskDefinition: service.definitionArn === '' ? undefined : service.definitionArn,
    deploymentConfiguration: shapeConfiguration(document),
    deployments: document.deployments.map((each) => shapeDeployment(service, each, counts)),
    events: service.events.map((each) => ({ ...each, createdAt: dateOf(each.createdAt) })),
    createdAt: dateOf(service.createdAt),
    createdBy: document.createdBy,
    placementConstraints: [...document.placementConstraints],
    placementStrategy: [...document.placementStrategy],
    healthCheckGracePeriodSeconds: document.healthCheckGracePeriodSeconds,
    schedulingStrategy: document.schedulingStrategy ?? 'REPLICA',
    deploymentController: { type: document.deploymentController ?? 'ECS' },
    availabilityZoneRebalancing: document.availabilityZoneRebalancing ?? 'DISABLED',
    currentServiceDeployment: document.rollout && isOpen(document.rollout) ? document.rollout.arn : undefined,
    currentServiceRevisions: document.deployments.flatMap((each) =>
      each.revisionArn === undefined ? [] : [shapeCurrentRevision(service, each, each.revisionArn, counts)],
    ),
    enableECSManagedTags: document.enableECSManagedTags,
    propagateTags: document.propagateTags,
    enableExecuteCommand: document.enableExecuteCommand ?? false,
    tags: tags === undefined ? undefined : tags.map((each) => ({ ...each })),
    ...(taskSets && { taskSets: [...taskSets] }),
  };
}

/** Shapes with counts of tasks, in one query whatever the number of services. */
export async function shapeServices(
  view: View,
  services: readonly ServiceRecord[],
  tags: (arn: string) => readonly CleanTag[] | undefined,
): Promise<Service[]> {
  const counts = await countServiceTasks(
    view,
    services.map((each) => each.arn),
  );
  const taskSets = await taskSetsOf(view, services);
  return services.map((service) =>
    shape(
      service,
      counts.filter((each) => each.serviceArn === service.arn),
      tags(service.arn),
      taskSets.get(service.arn),
    ),
  );
}

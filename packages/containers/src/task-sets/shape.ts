// Task sets as the API shows them.
import type { TaskSet } from '@aws-sdk/client-ecs';
import type { View } from '@longshore/store';
import { dateOf } from '../documents.ts';
import { countServiceTasks, type ServiceRecord, type TaskCount } from '../services/rows.ts';
import type { CleanTag } from '../tags.ts';
import { findTaskSets, type TaskSetRecord, wantedOf } from './rows.ts';

const pendingStatuses = new Set(['PROVISIONING', 'PENDING', 'ACTIVATING']);

function shape(
  set: TaskSetRecord,
  service: Pick<ServiceRecord, 'desiredCount'>,
  counts: readonly TaskCount[],
  tags: readonly CleanTag[] | undefined,
): TaskSet {
  const { deployment, externalId, launchType, scale, steady, steadyAt, networkConfiguration } = set.document;
  const { capacityProviderStrategy: strategy } = set.document;
  const mine = counts.filter((each) => each.deployment === deployment.id);
  const count = (fits: (status: string) => boolean): number =>
    mine.filter((each) => fits(each.status)).reduce((sum, each) => sum + each.count, 0);
  return {
    id: deployment.id,
    taskSetArn: set.arn,
    serviceArn: set.serviceArn,
    clusterArn: set.clusterArn,
    ...(externalId === undefined ? {} : { externalId }),
    status: set.status,
    taskDefinition: deployment.definitionArn,
    computedDesiredCount: wantedOf(set, service.desiredCount),
    pendingCount: count((status) => pendingStatuses.has(status)),
    runningCount: count((status) => status === 'RUNNING'),
    createdAt: dateOf(set.createdAt),
    updatedAt: dateOf(set.updatedAt),
    ...(strategy === undefined ? { launchType } : { capacityProviderStrategy: strategy.map((each) => ({ ...each })) }),
    ...(networkConfiguration && { networkConfiguration }),
    loadBalancers: (deployment.attachments?.loadBalancers ?? []).map((each) => ({ ...each })),
    serviceRegistries: (deployment.attachments?.serviceRegistries ?? []).map((each) => ({ ...each })),
    scale: { ...scale },
    stabilityStatus: steady ? 'STEADY_STATE' : 'STABILIZING',
    stabilityStatusAt: dateOf(steadyAt),
    tags: (tags ?? []).map((each) => ({ ...each })),
  };
}

/** Sets of one service. */
export async function shapeTaskSets(
  view: View,
  service: Pick<ServiceRecord, 'arn' | 'desiredCount'>,
  sets: readonly TaskSetRecord[],
  tags: (arn: string) => readonly CleanTag[] | undefined,
): Promise<TaskSet[]> {
  if (sets.length === 0) return [];
  const counts = await countServiceTasks(view, [service.arn]);
  return sets.map((set) => shape(set, service, counts, tags(set.arn)));
}

/** The sets of those services that have some, for DescribeServices. */
export async function taskSetsOf(view: View, services: readonly ServiceRecord[]): Promise<Map<string, TaskSet[]>> {
  const external = services.filter((each) => each.document.deploymentController === 'EXTERNAL');
  const sets = await findTaskSets(
    view,
    external.map((each) => each.arn),
  );
  const found = new Map<string, TaskSet[]>();
  for (const service of external) {
    const mine = sets.filter((each) => each.serviceArn === service.arn);
    found.set(service.arn, await shapeTaskSets(view, service, mine, () => undefined));
  }
  return found;
}

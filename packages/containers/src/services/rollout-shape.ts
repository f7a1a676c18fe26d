// Service deployments and revisions as the API shows them.
import type { ServiceDeployment, ServiceDeploymentBrief, ServiceRevision } from '@aws-sdk/client-ecs';
import type { View } from '@longshore/store';
import { dateOf } from '../documents.ts';
import { shapeAlarms, shapeBreaker, shapeConfiguration } from './configuration.ts';
import type { RevisionRecord, RolloutRecord, Traffic } from './rollouts.ts';
import type { Stage } from './stages.ts';
import { countServiceTasks, findServices, type ServiceRecord, type TaskCount } from './rows.ts';

export function shapeBrief({ rollout, serviceArn, clusterArn }: RolloutRecord): ServiceDeploymentBrief {
  return {
    serviceDeploymentArn: rollout.arn,
    serviceArn,
    clusterArn,
    startedAt: dateOf(rollout.createdAt),
    createdAt: dateOf(rollout.createdAt),
    finishedAt: dateOf(rollout.finishedAt),
    targetServiceRevisionArn: rollout.targetRevisionArn,
    status: rollout.status,
    statusReason: rollout.statusReason,
  };
}

function summary(arn: string, deploymentId: string, service: ServiceRecord | undefined, counts: readonly TaskCount[]) {
  const mine = counts.filter((each) => each.serviceArn === service?.arn && each.deployment === deploymentId);
  const sum = (running: boolean) =>
    mine.filter((each) => (each.status === 'RUNNING') === running).reduce((total, each) => total + each.count, 0);
  const wanted = service?.document.deployments[0]?.id === deploymentId ? service.desiredCount : 0;
  return { arn, requestedTaskCount: wanted, runningTaskCount: sum(true), pendingTaskCount: sum(false) };
}

/** The hooks before the production shift run at the end of the stage before it. */
function shapeStage(stage: Stage | undefined): ServiceDeployment['lifecycleStage'] {
  return stage === 'PRE_PRODUCTION_TRAFFIC_SHIFT' ? 'POST_TEST_TRAFFIC_SHIFT' : stage;
}

/** The share of traffic as the load balancer was told; nothing where none is shifted. */
function weights(applied: Traffic | undefined, target: boolean) {
  if (applied === undefined) return {};
  const share = (percent: number) => (target ? percent : 100 - percent);
  return {
    requestedTestTrafficWeight: share(applied.test),
    requestedProductionTrafficWeight: share(applied.production),
  };
}

function shapeRollout(
  { rollout, serviceArn, clusterArn }: RolloutRecord,
  service: ServiceRecord | undefined,
  counts: readonly TaskCount[],
): ServiceDeployment {
  const { rollback } = rollout;
  return {
    serviceDeploymentArn: rollout.arn,
    serviceArn,
    clusterArn,
    createdAt: dateOf(rollout.createdAt),
    startedAt: dateOf(rollout.createdAt),
    finishedAt: dateOf(rollout.finishedAt),
    stoppedAt: dateOf(rollout.stoppedAt),
    updatedAt: dateOf(rollout.updatedAt),
    sourceServiceRevisions: rollout.sources.map((each) => ({
      ...summary(each.revisionArn, each.deploymentId, service, counts),
      ...weights(rollout.applied, false),
    })),
    targetServiceRevision: {
      ...summary(rollout.targetRevisionArn, rollout.deploymentId, service, counts),
      ...weights(rollout.applied, true),
    },
    status: rollout.status,
    statusReason: rollout.statusReason,
    lifecycleStage: shapeStage(rollout.stage),
    lifecycleHookDetails: rollout.pauses?.map((each) => ({
      hookId: each.id,
      targetType: 'PAUSE' as const,
      status: each.status,
      expiresAt: dateOf(each.expiresAt),
      timeoutAction: each.action,
    })),
    deploymentConfiguration: service && shapeConfiguration(service.document),
    rollback: rollback && {
      reason: rollback.reason,
      startedAt: dateOf(rollback.startedAt),
      serviceRevisionArn: rollback.revisionArn,
    },
    deploymentCircuitBreaker: shapeBreaker(rollout),
    alarms: shapeAlarms(rollout, service?.document.alarms),
  };
}

/** With the counts of tasks of now, in two queries whatever the number of service deployments. */
export async function shapeRollouts(view: View, records: readonly RolloutRecord[]): Promise<ServiceDeployment[]> {
  const arns = [...new Set(records.map((each) => each.serviceArn))];
  const services = new Map((await findServices(view, arns)).map((each) => [each.arn, each]));
  const counts = await countServiceTasks(view, arns);
  return records.map((record) => shapeRollout(record, services.get(record.serviceArn), counts));
}

export function shapeRevision({ arn, serviceArn, clusterArn, createdAt, document }: RevisionRecord): ServiceRevision {
  return {
    serviceRevisionArn: arn,
    serviceArn,
    clusterArn,
    taskDefinition: document.definitionArn,
    launchType: document.launchType,
    loadBalancers: (document.loadBalancers ?? []).map((each) => ({ ...each })),
    serviceRegistries: (document.serviceRegistries ?? []).map((each) => ({ ...each })),
    containerImages: document.images.map((each) => ({ ...each })),
    guardDutyEnabled: false,
    createdAt: dateOf(createdAt),
  };
}

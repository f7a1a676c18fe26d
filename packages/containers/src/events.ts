// The events of ECS, each written in the same transaction as the change that it tells of.
import { emitEvent, type Step } from '@longshore/store';
import { parseArn } from '@longshore/base';
import type { InstanceRecord } from './instances.ts';
import { shapeTask } from './task-shape.ts';
import type { Deployment } from './services/rows.ts';
import type { TaskRecord } from './tasks.ts';

function emit(detailType: string, arn: string, now: number, detail: Readonly<Record<string, unknown>>): Step {
  const parts = parseArn(arn);
  return emitEvent({
    source: 'aws.ecs',
    detailType,
    account: parts?.account ?? '',
    region: parts?.region ?? '',
    time: now,
    resources: [arn],
    detail,
  });
}

/** "ECS Task State Change". Values of overridden environment variables may be secrets and are left out. */
export function taskEvent(task: TaskRecord, now: number): Step {
  const { tags: _, ...shape } = shapeTask(task, undefined);
  const overrides = {
    containerOverrides: (shape.overrides?.containerOverrides ?? []).map((each) => ({ name: each.name })),
  };
  const detail = { ...shape, overrides, updatedAt: new Date(now).toISOString() };
  return emit('ECS Task State Change', task.arn, now, detail);
}

/** "ECS Container Instance State Change": registered, connected, disconnected, drained, deregistered. */
export function instanceEvent(
  instance: Pick<InstanceRecord, 'arn' | 'clusterArn' | 'attributes' | 'document' | 'registeredAt' | 'version'>,
  now: number,
  state: { readonly status: string; readonly connected: boolean },
): Step {
  return emit('ECS Container Instance State Change', instance.arn, now, {
    clusterArn: instance.clusterArn,
    containerInstanceArn: instance.arn,
    agentConnected: state.connected,
    status: state.status,
    attributes: instance.attributes,
    versionInfo: instance.document.versionInfo,
    registeredAt: new Date(instance.registeredAt).toISOString(),
    updatedAt: new Date(now).toISOString(),
    version: instance.version + 1,
  });
}

/** "ECS Service Action", e.g. SERVICE_STEADY_STATE, SERVICE_TASK_PLACEMENT_FAILURE. */
export function serviceEvent(
  service: { readonly arn: string; readonly clusterArn: string },
  now: number,
  name: string,
  type: 'INFO' | 'WARN' | 'ERROR',
  more: Readonly<Record<string, unknown>> = {},
): Step {
  return emit('ECS Service Action', service.arn, now, {
    eventType: type,
    eventName: name,
    clusterArn: service.clusterArn,
    createdAt: new Date(now).toISOString(),
    ...more,
  });
}

/** "ECS Deployment State Change": a deployment is in progress, completed, or failed. */
export function deploymentEvent(
  service: { readonly arn: string },
  now: number,
  name: 'SERVICE_DEPLOYMENT_IN_PROGRESS' | 'SERVICE_DEPLOYMENT_COMPLETED' | 'SERVICE_DEPLOYMENT_FAILED',
  deployment: Pick<Deployment, 'id' | 'rolloutStateReason'>,
): Step {
  return emit('ECS Deployment State Change', service.arn, now, {
    eventType: name === 'SERVICE_DEPLOYMENT_FAILED' ? 'ERROR' : 'INFO',
    eventName: name,
    deploymentId: deployment.id,
    updatedAt: new Date(now).toISOString(),
    reason: deployment.rolloutStateReason,
  });
}

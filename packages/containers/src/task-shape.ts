// A task as the API shows it.
import type { Container, Task } from '@aws-sdk/client-ecs';
import { dateOf } from './documents.ts';
import { shapeAttachments, shapeInterfaces } from './network/shape.ts';
import type { CleanTag } from './tags.ts';
import type { ContainerState, TaskRecord } from './tasks.ts';

function shapeContainer(task: TaskRecord, container: ContainerState): Container {
  const { memory, memoryReservation } = container;
  return {
    containerArn: container.arn,
    taskArn: task.arn,
    name: container.name,
    image: container.image,
    imageDigest: container.imageDigest,
    runtimeId: container.runtimeId,
    lastStatus: container.lastStatus,
    exitCode: container.exitCode,
    reason: container.reason,
    networkBindings: container.networkBindings.map((each) => ({ ...each })),
    networkInterfaces: shapeInterfaces(task),
    healthStatus: container.healthStatus,
    cpu: String(container.cpu),
    memory: memory === undefined ? undefined : String(memory),
    memoryReservation: memoryReservation === undefined ? undefined : String(memoryReservation),
  };
}

export function shapeTask(task: TaskRecord, tags: readonly CleanTag[] | undefined): Task {
  const { document } = task;
  return {
    attachments: shapeAttachments(task),
    attributes: document.attributes.map((each) => ({ ...each })),
    availabilityZone: document.availabilityZone,
    clusterArn: task.clusterArn,
    connectivity: document.connectivity,
    connectivityAt: dateOf(document.connectivityAt),
    capacityProviderName: document.capacityProviderName,
    containerInstanceArn: task.instanceArn === '' ? undefined : task.instanceArn,
    containers: document.containers.map((each) => shapeContainer(task, each)),
    cpu: document.cpu,
    memory: document.memory,
    createdAt: dateOf(task.createdAt),
    desiredStatus: task.desiredStatus,
    enableExecuteCommand: document.enableExecuteCommand ?? false,
    executionStoppedAt: dateOf(document.executionStoppedAt),
    group: task.group,
    healthStatus: task.healthStatus,
    lastStatus: task.lastStatus,
    launchType: task.launchType,
    overrides: { containerOverrides: [], inferenceAcceleratorOverrides: [], ...document.overrides },
    pullStartedAt: dateOf(document.pullStartedAt),
    pullStoppedAt: dateOf(document.pullStoppedAt),
    startedAt: dateOf(task.startedAt),
    startedBy: task.startedBy === '' ? undefined : task.startedBy,
    stopCode: task.stopCode === '' ? undefined : task.stopCode,
    stoppedAt: dateOf(task.stoppedAt),
    stoppedReason: document.stoppedReason,
    stoppingAt: dateOf(document.stoppingAt),
    tags: tags === undefined ? [] : tags.map((each) => ({ ...each })),
    taskArn: task.arn,
    taskDefinitionArn: task.definitionArn,
    version: task.version,
  };
}

// A task as its agent receives it: the definition with the overrides applied, in the agent protocol's form. Pure.
import type { ContainerDefinition, ContainerOverride, Volume } from '@aws-sdk/client-ecs';
import type { AcsContainer, AcsTask, AcsVolume } from '@longshore/aws';
import { parseArn } from '@longshore/base';
import { imageRegistry } from '../definition/image.ts';
import type { DefinitionRecord } from '../definitions.ts';
import { lastPart } from '../names.ts';
import type { ContainerState, TaskRecord } from '../tasks.ts';
import { fetchedParts } from './fetched.ts';
import { engineConfig, engineHostConfig } from './engine-config.ts';
import type { KeysOfTask } from './role-keys.ts';

export interface PayloadContext {
  /** `host:port` by which the agent reached this server; images from there are pulled with the agent's own credentials. */
  readonly registryHost: string;
  readonly region: string;
  readonly keys?: KeysOfTask | undefined;
}

/** The oldest Engine API that has all that `hostConfig` may carry (Init, tmpfs, health checks). */
const engineApi = '1.25';

function acsVolume(volume: Volume): AcsVolume {
  const name = volume.name ?? '';
  const docker = volume.dockerVolumeConfiguration;
  if (docker === undefined) return { name, type: 'host', host: { sourcePath: volume.host?.sourcePath ?? '' } };
  return {
    name,
    type: 'docker',
    dockerVolumeConfiguration: {
      scope: docker.scope === 'shared' ? 'shared' : 'task',
      autoprovision: docker.autoprovision ?? false,
      driver: docker.driver ?? 'local',
      driverOpts: docker.driverOpts ?? {},
      labels: docker.labels ?? {},
    },
  };
}

function environmentOf(container: ContainerDefinition, override: ContainerOverride | undefined) {
  const pairs = [...(container.environment ?? []), ...(override?.environment ?? [])];
  return Object.fromEntries(pairs.map(({ name, value }) => [name ?? '', value ?? '']));
}

function authentication(
  container: ContainerDefinition,
  image: string,
  task: TaskRecord,
  context: PayloadContext,
): Pick<AcsContainer, 'registryAuthentication'> {
  const credentialsParameter = container.repositoryCredentials?.credentialsParameter;
  if (credentialsParameter) {
    const asmAuthData = { credentialsParameter, region: context.region };
    return { registryAuthentication: { type: 'asm', asmAuthData } };
  }
  const registry = imageRegistry(image);
  if (registry === undefined || registry.host !== context.registryHost) return {};
  const useExecutionRole = task.document.executionRole !== undefined;
  const ecrAuthData = { registryId: registry.account ?? task.account, region: context.region, useExecutionRole };
  return { registryAuthentication: { type: 'ecr' as const, ecrAuthData } };
}

function restarts({ restartPolicy }: ContainerDefinition): Pick<AcsContainer, 'restartPolicy'> {
  if (!restartPolicy?.enabled) return {};
  const { ignoredExitCodes = [], restartAttemptPeriod } = restartPolicy;
  return {
    restartPolicy: { enabled: true, ignoredExitCodes, ...(restartAttemptPeriod && { restartAttemptPeriod }) },
  };
}

function acsContainer(
  task: TaskRecord,
  definition: DefinitionRecord,
  state: ContainerState,
  context: PayloadContext,
): AcsContainer[] {
  const { containerDefinitions, networkMode } = definition.document;
  const container = containerDefinitions.find((each) => each.name === state.name);
  if (container === undefined) return [];
  const override = task.document.overrides.containerOverrides?.find((each) => each.name === state.name);
  const command = override?.command ?? container.command;
  const limits = { memory: state.memory, memoryReservation: state.memoryReservation };
  const health = state.hasHealthCheck ? { healthCheckType: 'docker' as const } : {};
  return [
    {
      name: state.name,
      image: state.image,
      cpu: state.cpu,
      memory: state.memory ?? 0,
      essential: state.essential,
      ...(command && { command }),
      ...(container.entryPoint && { entryPoint: container.entryPoint }),
      environment: environmentOf(container, override),
      portMappings: (container.portMappings ?? []).map((each) => ({
        containerPort: each.containerPort ?? 0,
        hostPort: each.hostPort ?? 0,
        ...(each.containerPortRange && { containerPortRange: each.containerPortRange }),
        protocol: each.protocol === 'udp' ? 'udp' : 'tcp',
      })),
      mountPoints: (container.mountPoints ?? []).map((each) => ({
        sourceVolume: each.sourceVolume ?? '',
        containerPath: each.containerPath ?? '',
        readOnly: each.readOnly ?? false,
      })),
      volumesFrom: (container.volumesFrom ?? []).map((each) => ({
        sourceContainer: each.sourceContainer ?? '',
        readOnly: each.readOnly ?? false,
      })),
      ...(container.links?.length && { links: container.links }),
      ...(container.dependsOn?.length && {
        dependsOn: container.dependsOn.map((each) => ({
          containerName: each.containerName ?? '',
          condition: each.condition ?? 'START',
        })),
      }),
      ...(container.startTimeout !== undefined && { startTimeout: container.startTimeout }),
      ...(container.stopTimeout !== undefined && { stopTimeout: container.stopTimeout }),
      ...health,
      overrides: JSON.stringify(override?.command === undefined ? {} : { command: override.command }),
      dockerConfig: {
        version: engineApi,
        config: JSON.stringify(engineConfig(container)),
        hostConfig: JSON.stringify(engineHostConfig(container, networkMode, limits)),
      },
      ...restarts(container),
      ...fetchedParts(container, override),
      ...authentication(container, state.image, task, context),
      containerArn: state.arn,
    },
  ];
}

/** The GPUs that placement gave to the task's containers. */
function associations(task: TaskRecord): Pick<AcsTask, 'associations'> {
  const given = Object.entries(task.document.gpus ?? {}).flatMap(([container, ids]) =>
    ids.map((id) => ({
      type: 'gpu' as const,
      name: id,
      containers: [container],
      content: { encoding: 'base64' as const, value: Buffer.from('{}').toString('base64') },
    })),
  );
  return given.length > 0 ? { associations: given } : {};
}

/** The member of the protocol that tells an agent of a task's own interface. */
function interfacesOf(task: TaskRecord): Pick<AcsTask, 'elasticNetworkInterfaces'> {
  const given = task.document.networkInterface;
  if (given === undefined) return {};
  return {
    elasticNetworkInterfaces: [
      {
        ec2Id: given.attachmentId,
        macAddress: given.macAddress,
        ipv4Addresses: [{ primary: true, privateAddress: given.privateIpv4Address }],
        subnetGatewayIpv4Address: given.subnetGateway,
      },
    ],
  };
}

export function acsTask(task: TaskRecord, definition: DefinitionRecord, context: PayloadContext): AcsTask {
  const { document } = definition;
  const cpu = task.document.overrides.cpu ?? document.cpu;
  const memory = task.document.overrides.memory ?? document.memory;
  const service = parseArn(task.serviceArn);
  return {
    arn: task.arn,
    taskClusterArn: task.clusterArn,
    family: definition.family,
    version: String(definition.revision),
    desiredStatus: task.desiredStatus,
    containers: task.document.containers.flatMap((state) => acsContainer(task, definition, state, context)),
    volumes: (document.volumes ?? []).map(acsVolume),
    overrides: '{}',
    ...(cpu !== undefined && { cpu: Number(cpu) / 1024 }),
    ...(memory !== undefined && { memory: Number(memory) }),
    networkMode: document.networkMode,
    ...interfacesOf(task),
    ...(context.keys?.task && { roleCredentials: context.keys.task }),
    ...(context.keys?.execution && { executionRoleCredentials: context.keys.execution }),
    ...(document.pidMode && { pidMode: document.pidMode }),
    ...(document.ipcMode && { ipcMode: document.ipcMode }),
    launchType: task.launchType,
    ...(service !== undefined && { serviceName: lastPart(task.serviceArn) }),
    group: task.group,
    ...associations(task),
  };
}

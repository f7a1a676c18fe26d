// Task metadata in the form of Amazon's agent (developer guide, "Task metadata endpoint version 4"; v3 is the same without
// what is about interfaces). Pure: from a task's record and what the Engine says of its containers.
import type { AcsContainer } from '@longshore/aws';
import type { ContainerInspection } from '../docker/types.ts';
import { isEnding, taskStatus } from '../plan/status.ts';
import { progressOf } from '../task/record.ts';
import type { ContainerProgress, TaskRecord } from '../task/types.ts';

export type MetadataVersion = 'v3' | 'v4';

/** What the Engine says, by container name; a container that it does not have is left out. */
export interface Seen {
  readonly container: ContainerInspection;
  /** The container whose namespace it has joined. */
  readonly holder?: ContainerInspection | undefined;
}

type Json = Record<string, unknown>;

function given(value: Json): Json {
  return Object.fromEntries(
    Object.entries(value).filter(
      ([, each]) => each !== undefined && each !== '' && !(Array.isArray(each) && each.length === 0),
    ),
  );
}

function time(value: number | string | undefined): string | undefined {
  const ms = typeof value === 'string' ? Date.parse(value) : value;
  return ms === undefined || Number.isNaN(ms) || ms <= 0 ? undefined : new Date(ms).toISOString();
}

function knownStatus(progress: ContainerProgress, seen: Seen | undefined): string {
  if (progress.ended) return 'STOPPED';
  if (progress.startedAt !== undefined || seen?.container.State.Status === 'running') return 'RUNNING';
  if (seen) return 'CREATED';
  return progress.image ? 'PULLED' : 'NONE';
}

function networks(record: TaskRecord, seen: Seen): Json[] {
  const attached = Object.values((seen.holder ?? seen.container).NetworkSettings.Networks ?? {});
  const addresses = attached.map((network) => network?.IPAddress ?? '').filter((address) => address !== '');
  const own = record.task.elasticNetworkInterfaces?.[0];
  return [
    given({
      NetworkMode: record.task.networkMode ?? 'bridge',
      IPv4Addresses: addresses,
      ...(own && {
        AttachmentIndex: 0,
        MACAddress: own.macAddress,
        IPv4SubnetCIDRBlock: own.subnetGatewayIpv4Address.replace(/\d+(?=\/)/, '0'),
        SubnetGatewayIpv4Address: own.subnetGatewayIpv4Address,
      }),
    }),
  ];
}

const healthNames: Readonly<Record<string, string>> = { healthy: 'HEALTHY', unhealthy: 'UNHEALTHY' };

function health(container: ContainerInspection): Json | undefined {
  const state = container.State.Health;
  if (!state || state.Status === 'none') return undefined;
  const last = state.Log?.at(-1);
  return given({
    status: healthNames[state.Status] ?? 'UNKNOWN',
    statusSince: time(last?.End ?? container.State.StartedAt),
    exitCode: last?.ExitCode || undefined,
    output: last?.Output?.slice(0, 1024),
  });
}

/** One container, as `${ECS_CONTAINER_METADATA_URI_V4}` shows it. */
export function containerMetadata(
  record: TaskRecord,
  container: AcsContainer,
  seen: Seen | undefined,
  version: MetadataVersion,
): Json {
  const progress = progressOf(record, container.name);
  const inspected = seen?.container;
  return given({
    DockerId: inspected?.Id ?? progress.dockerId ?? '',
    Name: container.name,
    DockerName: progress.dockerName,
    Image: container.image,
    ImageID: inspected?.Image,
    Ports: progress.bindings?.map((binding) => ({
      ContainerPort: binding.containerPort,
      Protocol: binding.protocol,
      HostPort: binding.hostPort,
      HostIp: binding.bindIP,
    })),
    Labels: inspected?.Config.Labels ?? undefined,
    DesiredStatus: isEnding(record) ? 'STOPPED' : 'RUNNING',
    KnownStatus: knownStatus(progress, seen),
    ExitCode: progress.ended?.exitCode,
    Limits: { CPU: Math.max(2, container.cpu), ...(container.memory > 0 ? { Memory: container.memory } : {}) },
    CreatedAt: time(inspected?.Created),
    StartedAt: time(progress.startedAt ?? inspected?.State.StartedAt),
    FinishedAt: time(progress.ended?.at),
    Type: 'NORMAL',
    Health: inspected && health(inspected),
    Volumes: inspected?.Mounts?.map((mount) =>
      given({ DockerName: mount.Name, Source: mount.Source, Destination: mount.Destination }),
    ),
    LogDriver: version === 'v4' ? inspected?.HostConfig.LogConfig?.Type : undefined,
    LogOptions: version === 'v4' ? (inspected?.HostConfig.LogConfig?.Config ?? undefined) : undefined,
    ContainerARN: version === 'v4' ? container.containerArn : undefined,
    Networks: seen && networks(record, seen),
  });
}

/** A task with its containers, as `${ECS_CONTAINER_METADATA_URI_V4}/task` shows it. */
export function taskMetadata(record: TaskRecord, seen: ReadonlyMap<string, Seen>, version: MetadataVersion): Json {
  const { task } = record;
  const limits = given({ CPU: task.cpu || undefined, Memory: task.memory || undefined });
  return given({
    Cluster: task.taskClusterArn,
    TaskARN: task.arn,
    Family: task.family,
    Revision: task.version,
    ServiceName: version === 'v4' ? task.serviceName : undefined,
    DesiredStatus: isEnding(record) ? 'STOPPED' : 'RUNNING',
    KnownStatus: taskStatus(record),
    Limits: Object.keys(limits).length > 0 ? limits : undefined,
    PullStartedAt: time(record.pullStartedAt),
    PullStoppedAt: time(record.pullStoppedAt),
    ExecutionStoppedAt: time(record.executionStoppedAt),
    LaunchType: version === 'v4' ? task.launchType : undefined,
    Containers: task.containers.map((container) =>
      containerMetadata(record, container, seen.get(container.name), version),
    ),
  });
}

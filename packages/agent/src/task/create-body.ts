// From a task's container to the Engine's create request. Pure. The task definition's own Engine options come as JSON
// text (`dockerConfig`) and are laid over what the named fields give; limits, names and labels are laid over those.
import type { AcsContainer, AcsTask } from '@longshore/aws';
import type { CreateBody } from '../docker/types.ts';
import { type Gpu, gpuParts, gpusOf } from './gpus.ts';
import { withoutNamespaceOptions } from '../network/task-network.ts';
import { containerLabels } from './names.ts';
import { parseRange, type PortRange } from './port-ranges.ts';
import { defaultStopTimeout } from '../plan/plan.ts';
import { progressOf } from './record.ts';
import type { Fetched } from '../secrets/types.ts';
import type { TaskRecord } from './types.ts';

export interface CreateContext {
  readonly agentId: string;
  readonly instanceArn: string;
  /** Published ports bind to this address; the Engine's default (all) if left out. */
  readonly bindAddress?: string | undefined;
  /** The GPUs of this machine. */
  readonly gpus?: readonly Gpu[] | undefined;
}

type Json = Readonly<Record<string, unknown>>;

const mebibyte = 1024 * 1024;

function parseObject(text: string): Json {
  return text ? ((JSON.parse(text) as Json | null) ?? {}) : {};
}

function strings(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : undefined;
}

function positive(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 ? value : undefined;
}

/** An override's environment: a map, or ECS's list of names and values. */
function environmentOf(value: unknown): Record<string, string> {
  const pairs: [string, unknown][] = Array.isArray(value)
    ? value.map((one: { readonly name?: unknown; readonly value?: unknown }) => [String(one?.name), one?.value])
    : Object.entries((value ?? {}) as Json);
  return Object.fromEntries(
    pairs.map(([name, text]) => [name, typeof text === 'string' ? text : JSON.stringify(text ?? '')]),
  );
}

/** As ECS: the definition's variables win over those of environment files, overrides over both, secrets over all. */
function environment(
  container: AcsContainer,
  config: Json,
  overrides: Json,
  fetched: Fetched,
  own: Readonly<Record<string, string>>,
): string[] {
  const merged = {
    ...fetched.fileEnvironment,
    ...container.environment,
    ...environmentOf(overrides['environment']),
    ...fetched.secretEnvironment,
    ...own,
  };
  return [...(strings(config['Env']) ?? []), ...Object.entries(merged).map(([name, value]) => `${name}=${value}`)];
}

function mounts(record: TaskRecord, container: AcsContainer): string[] {
  return container.mountPoints.flatMap((mount) => {
    const declared = record.task.volumes.find((volume) => volume.name === mount.sourceVolume);
    const source = record.volumes[mount.sourceVolume]?.dockerName ?? declared?.host?.sourcePath;
    return source ? [`${source}:${mount.containerPath}${mount.readOnly ? ':ro' : ''}`] : [];
  });
}

function ports(container: AcsContainer, bindAddress: string | undefined, ranges: Readonly<Record<string, PortRange>>) {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  const single = container.portMappings.filter((each) => each.containerPortRange === undefined);
  const ofRanges = container.portMappings.flatMap(({ containerPortRange = '', protocol }) => {
    const range = parseRange(containerPortRange);
    const host = ranges[`${containerPortRange}/${protocol}`];
    if (!range || !host) return [];
    return Array.from({ length: range.last - range.first + 1 }, (_, i) => ({
      containerPort: range.first + i,
      hostPort: host.first + i,
      protocol,
    }));
  });
  for (const { containerPort, hostPort, protocol } of [...single, ...ofRanges]) {
    const list = (bindings[`${containerPort}/${protocol}`] ??= []);
    list.push({ HostIp: bindAddress ?? '', HostPort: hostPort === 0 ? '' : String(hostPort) });
  }
  return bindings;
}

/** CPU and memory: the container's own limits, and the task's as a cap on each of its containers. */
function limits(task: AcsTask, container: AcsContainer, overrides: Json): Json {
  const memory = positive(overrides['memory']) ?? positive(container.memory) ?? positive(task.memory);
  const cpu = positive(overrides['cpu']) ?? container.cpu;
  return {
    CpuShares: Math.max(2, Math.trunc(cpu)),
    ...(memory ? { Memory: memory * mebibyte } : {}),
    ...(positive(task.cpu) ? { NanoCpus: Math.round((task.cpu ?? 0) * 1e9) } : {}),
  };
}

/** What the Engine keeps of the output of a container whose logs the agent ships; the oldest goes first. */
const shippedLog = Object.freeze({ Type: 'json-file', Config: { 'max-size': '50m', 'max-file': '2' } });

/** The log driver's configuration with the options whose values are secrets. `awslogs` is the agent's own work. */
function logging(hostConfig: Json, fetched: Fetched): Json {
  const config = (hostConfig['LogConfig'] ?? {}) as { readonly Type?: string; readonly Config?: Json };
  if (config.Type === 'awslogs') return { LogConfig: shippedLog };
  if (Object.keys(fetched.logOptions).length === 0) return {};
  return { LogConfig: { ...config, Config: { ...config.Config, ...fetched.logOptions } } };
}

const nothingFetched: Fetched = Object.freeze({ fileEnvironment: {}, secretEnvironment: {}, logOptions: {} });

/** What the agent has ready for one container before it is made. */
export interface Surroundings {
  /** The namespace that it joins. */
  readonly holder?: string | undefined;
  /** What tells it where the task endpoint is; these variables win, as on ECS. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Host ports of its port ranges, by `containerPortRange/protocol`. */
  readonly hostRanges?: Readonly<Record<string, PortRange>> | undefined;
}

/** The create request for one container of a task that passed `checkTask`. */
export function createBody(
  record: TaskRecord,
  container: AcsContainer,
  context: CreateContext,
  fetched: Fetched = nothingFetched,
  around: Surroundings = {},
): CreateBody {
  const { task } = record;
  const config = parseObject(container.dockerConfig.config);
  const overrides = parseObject(container.overrides);
  const bindings = ports(container, context.bindAddress, around.hostRanges ?? {});
  const command = strings(overrides['command']) ?? container.command;
  const { holder } = around;
  const published = holder === undefined && task.networkMode !== 'host' && task.networkMode !== 'none';
  const given = parseObject(container.dockerConfig.hostConfig);
  const gpu = gpuParts(context.gpus ?? [], gpusOf(task, container.name), given);
  const nameOf = (other: string) => progressOf(record, other).dockerName;
  const hostConfig = {
    NetworkMode: task.networkMode ?? 'bridge',
    ...(task.pidMode ? { PidMode: task.pidMode } : {}),
    ...(task.ipcMode ? { IpcMode: task.ipcMode } : {}),
    ...(holder === undefined ? given : withoutNamespaceOptions(given)),
    ...logging(given, fetched),
    ...(holder === undefined ? {} : { NetworkMode: `container:${holder}` }),
    ...gpu.hostConfig,
    ...limits(task, container, overrides),
    Binds: mounts(record, container),
    ...(published ? { PortBindings: bindings } : {}),
    Links: (container.links ?? []).map((link) => {
      const [other = '', alias = other] = link.split(':');
      return `${nameOf(other)}:${alias}`;
    }),
    VolumesFrom: container.volumesFrom.map((from) => `${nameOf(from.sourceContainer)}${from.readOnly ? ':ro' : ''}`),
    // A container is started and removed by the agent only: the Engine must do neither behind its back.
    AutoRemove: false,
    RestartPolicy: { Name: 'no' },
  };
  return {
    ...(command ? { Cmd: command } : {}),
    ...(container.entryPoint ? { Entrypoint: container.entryPoint } : {}),
    ...config,
    Image: container.image,
    StopTimeout: container.stopTimeout ?? defaultStopTimeout,
    Env: environment(container, config, overrides, fetched, { ...around.environment, ...gpu.environment }),
    Labels: {
      ...((config['Labels'] ?? {}) as Readonly<Record<string, string>>),
      ...containerLabels(task, container.name, context),
    },
    ...(published ? { ExposedPorts: Object.fromEntries(Object.keys(bindings).map((port) => [port, {}])) } : {}),
    HostConfig: hostConfig,
  };
}

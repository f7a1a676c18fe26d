// A task's containers as rows that people read. Pure: from what ECS and the measurements say.
import type { Container, Task } from '@aws-sdk/client-ecs';
import { idOf } from './ecs-client.ts';
import type { Measurement } from './own-api.ts';

export interface ContainerRow {
  readonly taskArn: string;
  readonly clusterArn: string;
  readonly task: string;
  readonly cluster: string;
  /** The service's name, else the task's group (`family:web`). */
  readonly group: string;
  readonly container: string;
  readonly image: string;
  readonly status: string;
  readonly exitCode?: number;
  /** Why it stopped or does not start, in ECS's words. */
  readonly reason?: string;
  readonly ports: readonly PortBinding[];
  readonly startedAt?: Date;
  readonly createdAt?: Date;
  readonly measurement?: Measurement;
}

export interface PortBinding {
  readonly host: string;
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: string;
}

/** One row a container; a task whose containers are not known yet has one row with an empty container name. */
export function containerRows(tasks: readonly Task[], measurements: readonly Measurement[]): readonly ContainerRow[] {
  const readings = new Map(measurements.map((each) => [`${each.taskArn} ${each.containerName}`, each]));
  return tasks.flatMap((task) => {
    const containers: readonly Container[] = task.containers?.length ? task.containers : [{}];
    return containers.map((container) =>
      containerRow(task, container, readings.get(`${task.taskArn} ${container.name}`)),
    );
  });
}

function containerRow(task: Task, container: Container, measurement: Measurement | undefined): ContainerRow {
  const group = task.group ?? '';
  const reason = container.reason ?? task.stoppedReason;
  return {
    taskArn: task.taskArn ?? '',
    clusterArn: task.clusterArn ?? '',
    task: idOf(task.taskArn),
    cluster: idOf(task.clusterArn),
    group: group.startsWith('service:') ? group.slice('service:'.length) : group,
    container: container.name ?? '',
    image: container.image ?? '',
    status: statusOf(task, container),
    ...(container.exitCode === undefined ? {} : { exitCode: container.exitCode }),
    ...(reason ? { reason } : {}),
    ports: portsOf(container),
    ...(task.startedAt ? { startedAt: task.startedAt } : {}),
    ...(task.createdAt ? { createdAt: task.createdAt } : {}),
    // What it used last is no news of a container that has ended.
    ...(measurement && container.lastStatus !== 'STOPPED' ? { measurement } : {}),
  };
}

/** The task's state where it says more than the container's: a stopping task, a container that is still to come. */
function statusOf(task: Task, container: Container): string {
  const whole = task.lastStatus ?? 'UNKNOWN';
  const own = container.lastStatus ?? whole;
  if (own !== 'STOPPED' && task.desiredStatus === 'STOPPED') return whole === 'RUNNING' ? 'STOPPING' : whole;
  return own;
}

/** Published ports, each once (IPv4 and IPv6 bindings of a port are one to people). */
export function portsOf(container: Container): readonly PortBinding[] {
  const seen = new Map<string, PortBinding>();
  for (const { bindIP, hostPort, containerPort, protocol } of container.networkBindings ?? []) {
    if (hostPort === undefined || containerPort === undefined) continue;
    const key = `${hostPort}/${protocol ?? 'tcp'}`;
    if (!seen.has(key)) seen.set(key, { host: bindIP ?? '', hostPort, containerPort, protocol: protocol ?? 'tcp' });
  }
  return [...seen.values()];
}

/** `8080->80`, `5353->53/udp`. */
export function portText({ hostPort, containerPort, protocol }: PortBinding): string {
  return `${hostPort}->${containerPort}${protocol === 'tcp' ? '' : `/${protocol}`}`;
}

/** Where a published port is dialled: the address that it is bound to, or the server's host if bound to all. */
export function dialAddress(port: PortBinding, endpoint: string): string {
  const everywhere = port.host === '' || port.host === '0.0.0.0' || port.host === '::';
  const host = everywhere ? new URL(endpoint).hostname : port.host;
  return `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port.hostPort}`;
}

/** An image's name without the registry and account of this server, where it has them. */
export function shortImage(image: string, registry: string): string {
  if (!image.startsWith(`${registry}/`)) return image.replace(/@sha256:([0-9a-f]{12})[0-9a-f]{52}$/, '@sha256:$1');
  return image.slice(registry.length + 1).replace(/^\d{12}\//, '');
}

// Container instances as the API shows them.
import type {
  Attribute,
  ContainerInstance,
  ContainerInstanceHealthStatus,
  InstanceHealthCheckType,
  Resource,
} from '@aws-sdk/client-ecs';
import { sql, sqlList, type View } from '@longshore/store';
import { dateOf } from './documents.ts';
import { type InstanceRecord, type UsedPort, usedPorts } from './instances.ts';
import { attributeOf, machineAttribute, providerAttribute } from './providers/records.ts';
import type { CleanTag } from './tags.ts';
import { overallHealth } from './tcs/instance-health.ts';

function integer(name: string, value: number): Resource {
  return { name, type: 'INTEGER', integerValue: value, longValue: 0, doubleValue: 0 };
}

function ports(name: string, values: readonly number[]): Resource {
  return set(name, values.map(String));
}

function set(name: string, values: readonly string[]): Resource {
  return { name, type: 'STRINGSET', stringSetValue: [...values], integerValue: 0, longValue: 0, doubleValue: 0 };
}

interface Amounts {
  readonly cpu: number;
  readonly memory: number;
  readonly tcp: readonly number[];
  readonly udp: readonly number[];
  readonly gpus: readonly string[] | undefined;
}

/** GPUs are named only where there are some. */
function resources({ cpu, memory, tcp, udp, gpus }: Amounts): Resource[] {
  const all = [integer('CPU', cpu), integer('MEMORY', memory), ports('PORTS', tcp), ports('PORTS_UDP', udp)];
  return gpus === undefined ? all : [...all, set('GPU', gpus)];
}

interface TaskCounts {
  readonly running: number;
  readonly pending: number;
}

async function countTasks(view: View, arns: readonly string[]): Promise<Map<string, TaskCounts>> {
  const rows = await view.all<{ instance_arn: string; running: number; all_tasks: number }>(
    sql`SELECT instance_arn, SUM(CASE WHEN last_status = 'RUNNING' THEN 1 ELSE 0 END) AS running, COUNT(*) AS all_tasks
      FROM ecs_tasks WHERE instance_arn IN (${sqlList(arns)}) AND last_status <> 'STOPPED' GROUP BY instance_arn`,
  );
  return new Map(
    rows.map((row) => [
      row.instance_arn,
      { running: Number(row.running), pending: Number(row.all_tasks) - Number(row.running) },
    ]),
  );
}

/** What the agent said of the machine, and whether it is connected at all. */
function shapeHealth(instance: InstanceRecord): ContainerInstanceHealthStatus {
  const { health, connected } = instance;
  if (health.length === 0) return { overallStatus: 'INSUFFICIENT_DATA', details: [] };
  return {
    overallStatus: connected ? overallHealth(health) : 'IMPAIRED',
    details: health.map((each) => ({
      type: each.type as InstanceHealthCheckType,
      status: each.status,
      statusReason: each.reason,
      lastUpdated: dateOf(each.updatedAt),
      lastStatusChange: dateOf(each.changedAt),
    })),
  };
}

function shape(
  instance: InstanceRecord,
  used: readonly UsedPort[],
  counts: TaskCounts | undefined,
  tags: readonly CleanTag[] | undefined,
  withHealth: boolean,
): ContainerInstance {
  const { document } = instance;
  const mine = (protocol: string) => used.filter((each) => each.protocol === protocol).map((each) => each.port);
  return {
    containerInstanceArn: instance.arn,
    ec2InstanceId: document.ec2InstanceId ?? attributeOf(instance.attributes, machineAttribute),
    capacityProviderName: attributeOf(instance.attributes, providerAttribute),
    version: instance.version,
    versionInfo: { ...document.versionInfo },
    remainingResources: resources({
      cpu: instance.cpuRemaining,
      memory: instance.memoryRemaining,
      tcp: mine('tcp'),
      udp: mine('udp'),
      gpus: document.gpuIds?.filter((_, place) => !mine('gpu').includes(place)),
    }),
    registeredResources: resources({
      cpu: instance.cpuRegistered,
      memory: instance.memoryRegistered,
      tcp: document.reservedTcp,
      udp: document.reservedUdp,
      gpus: document.gpuIds,
    }),
    status: instance.status,
    agentConnected: instance.connected,
    runningTasksCount: counts?.running ?? 0,
    pendingTasksCount: counts?.pending ?? 0,
    attributes: instance.attributes.map((each): Attribute => ({ ...each })),
    registeredAt: dateOf(instance.registeredAt),
    attachments: [],
    ...(withHealth ? { healthStatus: shapeHealth(instance) } : {}),
    tags: tags === undefined ? [] : tags.map((each) => ({ ...each })),
  };
}

/** Shapes with what remains and what runs, in two queries whatever the number of instances. */
export async function shapeInstances(
  view: View,
  instances: readonly InstanceRecord[],
  tags: (arn: string) => readonly CleanTag[] | undefined,
  withHealth = false,
): Promise<ContainerInstance[]> {
  if (instances.length === 0) return [];
  const arns = instances.map((each) => each.arn);
  const [used, counts] = await Promise.all([usedPorts(view, arns), countTasks(view, arns)]);
  return instances.map((each) =>
    shape(
      each,
      used.filter((port) => port.instanceArn === each.arn),
      counts.get(each.arn),
      tags(each.arn),
      withHealth,
    ),
  );
}

// Container instances: rows, lookups, and the steps that reserve and return what tasks hold. Reserving is compare and set
// on what really remains, so that two launches can share an instance without waiting for each other and never over-commit.
import type { Attribute, VersionInfo } from '@aws-sdk/client-ecs';
import { type Sql, type Step, sql, sqlList, type View } from '@longshore/store';
import { readDocument } from './documents.ts';

export type InstanceStatus = 'ACTIVE' | 'DRAINING' | 'INACTIVE';
/** Things of which an instance has one each: host ports, and GPUs by their place in the list of its ids. */
export type Protocol = 'tcp' | 'udp' | 'gpu';

export interface InstanceDocument {
  readonly versionInfo: VersionInfo;
  /** As registered: the host's own ports. */
  readonly reservedTcp: readonly number[];
  readonly reservedUdp: readonly number[];
  readonly ec2InstanceId?: string | undefined;
  readonly gpuIds?: readonly string[] | undefined;
}

export type HealthState = 'OK' | 'IMPAIRED' | 'INSUFFICIENT_DATA' | 'INITIALIZING';

/** One of the agent's own checks of its machine, e.g. CONTAINER_RUNTIME. */
export interface HealthCheck {
  readonly type: string;
  readonly status: HealthState;
  readonly reason?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly updatedAt: number;
  readonly changedAt: number;
}

export interface InstanceRecord {
  readonly arn: string;
  readonly account: string;
  readonly clusterArn: string;
  readonly status: InstanceStatus;
  readonly connected: boolean;
  readonly connectionId: string;
  readonly replica: string;
  readonly timeline: number;
  readonly version: number;
  readonly registeredAt: number;
  readonly cpuRegistered: number;
  readonly cpuRemaining: number;
  readonly memoryRegistered: number;
  readonly memoryRemaining: number;
  readonly attributes: readonly Attribute[];
  /** While its agent is away: from when it counts as lost. */
  readonly lostDue: number | undefined;
  /** Since when it counts as lost; its tasks may still be running. */
  readonly lostAt: number | undefined;
  readonly health: readonly HealthCheck[];
  readonly document: InstanceDocument;
}

interface InstanceRow {
  readonly arn: string;
  readonly account: string;
  readonly cluster_arn: string;
  readonly status: InstanceStatus;
  readonly connected: number;
  readonly connection_id: string;
  readonly replica: string;
  readonly timeline: number;
  readonly version: number;
  readonly registered_at: number;
  readonly cpu_registered: number;
  readonly cpu_remaining: number;
  readonly memory_registered: number;
  readonly memory_remaining: number;
  readonly attributes: string;
  readonly lost_due: number | null;
  readonly lost_at: number | null;
  readonly health: string;
  readonly document: string;
}

const columns: Sql = sql`arn, account, cluster_arn, status, connected, connection_id, replica, timeline, version,
  registered_at, cpu_registered, cpu_remaining, memory_registered, memory_remaining, attributes, lost_due, lost_at,
  health, document`;

function fromRow(row: InstanceRow): InstanceRecord {
  return {
    arn: row.arn,
    account: row.account,
    clusterArn: row.cluster_arn,
    status: row.status,
    connected: row.connected === 1,
    connectionId: row.connection_id,
    replica: row.replica,
    timeline: row.timeline,
    version: row.version,
    registeredAt: row.registered_at,
    cpuRegistered: row.cpu_registered,
    cpuRemaining: row.cpu_remaining,
    memoryRegistered: row.memory_registered,
    memoryRemaining: row.memory_remaining,
    attributes: readDocument<Attribute[]>(row.attributes),
    lostDue: row.lost_due ?? undefined,
    lostAt: row.lost_at ?? undefined,
    health: row.health === '' ? [] : readDocument<HealthCheck[]>(row.health),
    document: readDocument<InstanceDocument>(row.document),
  };
}

export async function findInstance(view: View, arn: string): Promise<InstanceRecord | undefined> {
  const row = await view.get<InstanceRow>(sql`SELECT ${columns} FROM ecs_instances WHERE arn = ${arn}`);
  return row && fromRow(row);
}

export async function findInstances(view: View, arns: readonly string[]): Promise<InstanceRecord[]> {
  if (arns.length === 0) return [];
  const rows = await view.all<InstanceRow>(
    sql`SELECT ${columns} FROM ecs_instances WHERE arn IN (${sqlList(arns)}) ORDER BY arn`,
  );
  return rows.map(fromRow);
}

/** Instances of a cluster in ARN order. */
export async function clusterInstances(view: View, clusterArn: string): Promise<InstanceRecord[]> {
  const rows = await view.all<InstanceRow>(
    sql`SELECT ${columns} FROM ecs_instances WHERE cluster_arn = ${clusterArn} AND status IN ('ACTIVE', 'DRAINING')
      ORDER BY arn LIMIT 10000`,
  );
  return rows.map(fromRow);
}

export interface UsedPort {
  readonly instanceArn: string;
  readonly protocol: Protocol;
  readonly port: number;
}

export async function usedPorts(view: View, instanceArns: readonly string[]): Promise<UsedPort[]> {
  if (instanceArns.length === 0) return [];
  const rows = await view.all<{ instance_arn: string; protocol: Protocol; port: number }>(
    sql`SELECT instance_arn, protocol, port FROM ecs_ports WHERE instance_arn IN (${sqlList(instanceArns)})
      ORDER BY instance_arn, protocol, port`,
  );
  return rows.map((row) => ({ instanceArn: row.instance_arn, protocol: row.protocol, port: row.port }));
}

export interface Reservation {
  readonly instanceArn: string;
  readonly taskArn: string;
  readonly tcp: readonly number[];
  readonly udp: readonly number[];
  readonly gpus: readonly number[];
}

function portSteps(reservation: Reservation, protocol: Protocol, ports: readonly number[]): Step[] {
  return ports.map((port) => ({
    sql: sql`INSERT INTO ecs_ports (instance_arn, protocol, port, task_arn)
      VALUES (${reservation.instanceArn}, ${protocol}, ${port}, ${reservation.taskArn})`,
    expect: 1,
  }));
}

/** Takes cpu and memory; the write fails with a conflict if the instance no longer has them, or may not take tasks. */
export function takeStep(instanceArn: string, amount: { readonly cpu: number; readonly memory: number }): Step {
  return {
    sql: sql`UPDATE ecs_instances SET cpu_remaining = cpu_remaining - ${amount.cpu},
        memory_remaining = memory_remaining - ${amount.memory}, version = version + 1
      WHERE arn = ${instanceArn} AND status = 'ACTIVE' AND connected = 1
        AND cpu_remaining >= ${amount.cpu} AND memory_remaining >= ${amount.memory}`,
    expect: 1,
  };
}

/** Counts tasks of the group that are placed on the instance, in the write that reserves for them. */
export function countPlacedStep(instanceArn: string, group: string, tasks: number): Step {
  return {
    sql: sql`INSERT INTO ecs_placed (instance_arn, task_group, tasks) VALUES (${instanceArn}, ${group}, ${tasks})
      ON CONFLICT (instance_arn, task_group) DO UPDATE SET tasks = ecs_placed.tasks + excluded.tasks`,
  };
}

function uncountSteps(instanceArn: string, group: string): Step[] {
  const mine = sql`instance_arn = ${instanceArn} AND task_group = ${group}`;
  return [
    { sql: sql`DELETE FROM ecs_placed WHERE ${mine} AND tasks <= 1` },
    { sql: sql`UPDATE ecs_placed SET tasks = tasks - 1 WHERE ${mine}` },
  ];
}

/** Takes host ports and GPUs, each of which one task has; a conflict if another was quicker. */
export function takePortSteps(reservation: Reservation): Step[] {
  return [
    ...portSteps(reservation, 'tcp', reservation.tcp),
    ...portSteps(reservation, 'udp', reservation.udp),
    ...portSteps(reservation, 'gpu', reservation.gpus),
  ];
}

/** Gives it back. Only ever in the one write that moves the task to STOPPED, so it happens exactly once. */
export function releaseSteps(task: {
  readonly instanceArn: string;
  readonly arn: string;
  readonly group: string;
  readonly cpu: number;
  readonly memory: number;
}): Step[] {
  return [
    {
      sql: sql`UPDATE ecs_instances SET cpu_remaining = cpu_remaining + ${task.cpu},
          memory_remaining = memory_remaining + ${task.memory}, version = version + 1 WHERE arn = ${task.instanceArn}`,
    },
    { sql: sql`DELETE FROM ecs_ports WHERE task_arn = ${task.arn}` },
    ...uncountSteps(task.instanceArn, task.group),
  ];
}

/** Notes the host ports that the Engine picked, so that no static port is placed on one of them. */
export function notePortSteps(
  instanceArn: string,
  taskArn: string,
  ports: readonly { readonly protocol: Protocol; readonly port: number }[],
): Step[] {
  return ports.map(({ protocol, port }) => ({
    sql: sql`INSERT INTO ecs_ports (instance_arn, protocol, port, task_arn)
      VALUES (${instanceArn}, ${protocol}, ${port}, ${taskArn}) ON CONFLICT (instance_arn, protocol, port) DO NOTHING`,
  }));
}

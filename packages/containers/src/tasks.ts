// Tasks: the record, its row, and the two steps that write it (insert, and compare and set on the version).
import type { WaitingWishes } from './providers/waiting.ts';
import type { Attribute, LoadBalancer, ServiceRegistry, TaskOverride } from '@aws-sdk/client-ecs';
import { type Sql, type Step, sql, sqlList, type View } from '@longshore/store';
import type { TaskInterface } from './network/interfaces.ts';
import { readDocument, writeDocument } from './documents.ts';

export type TaskStatus =
  | 'PROVISIONING'
  | 'PENDING'
  | 'ACTIVATING'
  | 'RUNNING'
  | 'DEACTIVATING'
  | 'STOPPING'
  | 'DEPROVISIONING'
  | 'STOPPED';
export type DesiredStatus = 'RUNNING' | 'STOPPED';
export type Health = 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN';
export type StopCode =
  | 'TaskFailedToStart'
  | 'EssentialContainerExited'
  | 'UserInitiated'
  | 'ServiceSchedulerInitiated'
  | 'TerminationNotice';

export interface Binding {
  readonly bindIP?: string | undefined;
  readonly containerPort?: number | undefined;
  readonly hostPort?: number | undefined;
  /** `8000-8010`, in place of one port. */
  readonly containerPortRange?: string | undefined;
  readonly hostPortRange?: string | undefined;
  readonly protocol?: 'tcp' | 'udp' | undefined;
}

export interface ContainerState {
  readonly arn: string;
  readonly name: string;
  readonly image: string;
  readonly essential: boolean;
  readonly cpu: number;
  readonly memory?: number | undefined;
  readonly memoryReservation?: number | undefined;
  readonly hasHealthCheck: boolean;
  readonly lastStatus: 'PENDING' | 'RUNNING' | 'STOPPED';
  readonly healthStatus: Health;
  readonly exitCode?: number | undefined;
  readonly reason?: string | undefined;
  readonly runtimeId?: string | undefined;
  readonly imageDigest?: string | undefined;
  readonly networkBindings: readonly Binding[];
}

/** What a service's task is registered with while it runs. */
export interface TaskTargets {
  readonly loadBalancers: readonly LoadBalancer[];
  readonly serviceRegistries: readonly ServiceRegistry[];
  readonly networkMode: string;
}

export interface RoleOfTask {
  /** A name or an ARN. */
  readonly role: string;
  readonly credentialsId: string;
}

export interface TaskDocument {
  readonly cpu?: string | undefined;
  readonly memory?: string | undefined;
  readonly overrides: TaskOverride;
  readonly attributes: readonly Attribute[];
  readonly containers: readonly ContainerState[];
  readonly connectivity?: 'CONNECTED' | 'DISCONNECTED' | undefined;
  readonly connectivityAt?: number | undefined;
  readonly pullStartedAt?: number | undefined;
  readonly pullStoppedAt?: number | undefined;
  readonly stoppingAt?: number | undefined;
  readonly executionStoppedAt?: number | undefined;
  readonly stoppedReason?: string | undefined;
  readonly availabilityZone?: string | undefined;
  /** The capacity provider by whose strategy it was launched. */
  readonly capacityProviderName?: string | undefined;
  /** What was asked of its instance; once it has one, the constraints only. */
  readonly wishes?: WaitingWishes | undefined;
  readonly enableExecuteCommand?: boolean | undefined;
  readonly targets?: TaskTargets | undefined;
  /** The role that its containers may take, and the unguessable name under which they ask for its keys. */
  readonly taskRole?: RoleOfTask | undefined;
  /** The role with which its agent fetches what it needs: secrets, images, a place for its output. */
  readonly executionRole?: RoleOfTask | undefined;
  /** Of a task in awsvpc mode. */
  readonly networkInterface?: TaskInterface | undefined;
  /** By container: the ids of its GPUs. */
  readonly gpus?: Readonly<Record<string, readonly string[]>> | undefined;
}

export interface TaskRecord {
  readonly arn: string;
  readonly account: string;
  readonly clusterArn: string;
  readonly instanceArn: string;
  readonly definitionArn: string;
  readonly family: string;
  readonly launchType: 'EC2' | 'EXTERNAL';
  /** '' if not given. */
  readonly startedBy: string;
  readonly group: string;
  /** '' if no service keeps it. */
  readonly serviceArn: string;
  readonly desiredStatus: DesiredStatus;
  readonly lastStatus: TaskStatus;
  readonly healthStatus: Health;
  /** '' until it is stopped or told to. */
  readonly stopCode: StopCode | '';
  /** The desired status that the agent last acknowledged to have saved. */
  readonly acked: DesiredStatus | '';
  /** Whether it may ever have reached its agent; written before the first frame goes out. */
  readonly offered: boolean;
  /** For the service keeper: false until it has taken note of the end of this task. */
  readonly settled: boolean;
  /** What it reserves. */
  readonly cpu: number;
  readonly memory: number;
  readonly version: number;
  readonly createdAt: number;
  readonly startedAt: number | undefined;
  readonly stoppedAt: number | undefined;
  readonly document: TaskDocument;
}

interface TaskRow {
  readonly arn: string;
  readonly account: string;
  readonly cluster_arn: string;
  readonly instance_arn: string;
  readonly definition_arn: string;
  readonly family: string;
  readonly launch_type: 'EC2' | 'EXTERNAL';
  readonly started_by: string;
  readonly task_group: string;
  readonly service_arn: string;
  readonly desired_status: DesiredStatus;
  readonly last_status: TaskStatus;
  readonly health_status: Health;
  readonly stop_code: StopCode | '';
  readonly acked_desired: DesiredStatus | '';
  readonly offered: number;
  readonly settled: number;
  readonly cpu: number;
  readonly memory: number;
  readonly version: number;
  readonly created_at: number;
  readonly started_at: number | null;
  readonly stopped_at: number | null;
  readonly document: string;
}

const columns: Sql = sql`arn, account, cluster_arn, instance_arn, definition_arn, family, launch_type, started_by,
  task_group, service_arn, desired_status, last_status, health_status, stop_code, acked_desired, offered, settled,
  cpu, memory, version, created_at, started_at, stopped_at, document`;

function fromRow(row: TaskRow): TaskRecord {
  return {
    arn: row.arn,
    account: row.account,
    clusterArn: row.cluster_arn,
    instanceArn: row.instance_arn,
    definitionArn: row.definition_arn,
    family: row.family,
    launchType: row.launch_type,
    startedBy: row.started_by,
    group: row.task_group,
    serviceArn: row.service_arn,
    desiredStatus: row.desired_status,
    lastStatus: row.last_status,
    healthStatus: row.health_status,
    stopCode: row.stop_code,
    acked: row.acked_desired,
    offered: row.offered === 1,
    settled: row.settled === 1,
    cpu: row.cpu,
    memory: row.memory,
    version: row.version,
    createdAt: row.created_at,
    startedAt: row.started_at ?? undefined,
    stoppedAt: row.stopped_at ?? undefined,
    document: readDocument<TaskDocument>(row.document),
  };
}

/** Whether its agent must still be told what is desired. One that is DEACTIVATING is drained first. */
export function isUndelivered(task: Pick<TaskRecord, 'lastStatus' | 'desiredStatus' | 'acked'>): boolean {
  if (task.lastStatus === 'STOPPED' || task.lastStatus === 'DEACTIVATING') return false;
  return task.acked !== task.desiredStatus;
}

/** Whether it is, or is to be, with a load balancer or in service discovery. */
function isAttached(task: TaskRecord): boolean {
  return task.lastStatus !== 'STOPPED' && task.document.targets !== undefined;
}

function firstTargetHealth(task: TaskRecord): '' | 'INITIAL' {
  return (task.document.targets?.loadBalancers.length ?? 0) > 0 ? 'INITIAL' : '';
}

const bit = (value: boolean): number => (value ? 1 : 0);

export async function findTasks(view: View, where: Sql, limit = 10_000): Promise<TaskRecord[]> {
  const rows = await view.all<TaskRow>(
    sql`SELECT ${columns} FROM ecs_tasks WHERE ${where} ORDER BY arn LIMIT ${limit}`,
  );
  return rows.map(fromRow);
}

export async function findTask(view: View, arn: string): Promise<TaskRecord | undefined> {
  return (await findTasks(view, sql`arn = ${arn}`, 1))[0];
}

export async function findTasksByArn(view: View, arns: readonly string[]): Promise<TaskRecord[]> {
  return arns.length === 0 ? [] : findTasks(view, sql`arn IN (${sqlList(arns)})`);
}

export function insertTask(task: TaskRecord): Step {
  return {
    sql: sql`INSERT INTO ecs_tasks (${columns}, undelivered, attached, target_health) VALUES (
      ${task.arn}, ${task.account}, ${task.clusterArn}, ${task.instanceArn}, ${task.definitionArn}, ${task.family},
      ${task.launchType}, ${task.startedBy}, ${task.group}, ${task.serviceArn}, ${task.desiredStatus},
      ${task.lastStatus}, ${task.healthStatus}, ${task.stopCode}, ${task.acked}, ${bit(task.offered)},
      ${bit(task.settled)}, ${task.cpu}, ${task.memory}, ${task.version}, ${task.createdAt},
      ${task.startedAt ?? null}, ${task.stoppedAt ?? null}, ${writeDocument(task.document)},
      ${bit(isUndelivered(task))}, ${bit(isAttached(task))}, ${firstTargetHealth(task)})`,
    expect: 1,
  };
}

/**
 * Replaces what may change of `before` by `after`; a conflict if another wrote in between. What the delivery writes
 * (acked, offered) is compared too: it does not raise the version, because it is no event of the task.
 */
export function replaceTask(before: TaskRecord, after: TaskRecord): Step {
  return {
    sql: sql`UPDATE ecs_tasks SET desired_status = ${after.desiredStatus}, last_status = ${after.lastStatus},
        health_status = ${after.healthStatus}, stop_code = ${after.stopCode}, acked_desired = ${after.acked},
        offered = ${bit(after.offered)}, undelivered = ${bit(isUndelivered(after))}, attached = ${bit(isAttached(after))}, settled = ${bit(after.settled)},
        version = ${after.version}, started_at = ${after.startedAt ?? null}, stopped_at = ${after.stoppedAt ?? null},
        document = ${writeDocument(after.document)}
      WHERE arn = ${before.arn} AND version = ${before.version} AND acked_desired = ${before.acked}
        AND offered = ${bit(before.offered)}`,
    expect: 1,
  };
}

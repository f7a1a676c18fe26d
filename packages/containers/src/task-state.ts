// The life of a task as pure functions: what a report of its agent, or a wish to stop it, makes of it. Observed state comes
// only from reports and moves forward only; whatever is late, repeated or out of order changes nothing.
import type { Binding, ContainerState, Health, StopCode, TaskRecord, TaskStatus } from './tasks.ts';

const order: readonly TaskStatus[] = [
  'PROVISIONING',
  'PENDING',
  'ACTIVATING',
  'RUNNING',
  'DEACTIVATING',
  'STOPPING',
  'DEPROVISIONING',
  'STOPPED',
];

/** The place of a status in a task's life; -1 for what is none. */
export function statusRank(status: string): number {
  return order.indexOf(status as TaskStatus);
}

export interface ContainerReport {
  readonly name: string;
  readonly status?: string | undefined;
  readonly exitCode?: number | undefined;
  readonly reason?: string | undefined;
  readonly runtimeId?: string | undefined;
  readonly imageDigest?: string | undefined;
  readonly networkBindings?: readonly Binding[] | undefined;
}

export interface TaskReport {
  /** Left out where only containers are reported. */
  readonly status?: string | undefined;
  readonly reason?: string | undefined;
  readonly containers: readonly ContainerReport[];
  /** Milliseconds since the epoch. */
  readonly pullStartedAt?: number | undefined;
  readonly pullStoppedAt?: number | undefined;
  readonly executionStoppedAt?: number | undefined;
}

const containerOrder: readonly string[] = ['PENDING', 'RUNNING', 'STOPPED'];

function forwardContainer(current: ContainerState, reported: string | undefined): ContainerState['lastStatus'] {
  const known = containerOrder.indexOf(current.lastStatus);
  const next = containerOrder.indexOf(reported ?? '');
  return next > known ? (containerOrder[next] as ContainerState['lastStatus']) : current.lastStatus;
}

/** What is known first stays: a later report may add, never overwrite. Bindings change until the container stopped. */
function observeContainer(current: ContainerState, report: ContainerReport): ContainerState {
  const bindings = report.networkBindings;
  const moves = current.lastStatus !== 'STOPPED' && bindings !== undefined && bindings.length > 0;
  return {
    ...current,
    lastStatus: forwardContainer(current, report.status),
    exitCode: current.exitCode ?? report.exitCode,
    reason: current.reason ?? (report.reason || undefined),
    runtimeId: current.runtimeId ?? (report.runtimeId || undefined),
    imageDigest: current.imageDigest ?? (report.imageDigest || undefined),
    networkBindings: moves ? bindings : current.networkBindings,
  };
}

interface Ending {
  readonly code: StopCode;
  readonly reason: string;
}

/** Why a task ended that nobody told to stop, in ECS's words. */
function endingOf(task: TaskRecord, containers: readonly ContainerState[], reason: string | undefined): Ending {
  const failed = containers.find((each) => each.reason !== undefined);
  if (task.startedAt === undefined && !containers.some((each) => each.exitCode !== undefined))
    return { code: 'TaskFailedToStart', reason: reason || failed?.reason || 'Task failed to start' };
  return { code: 'EssentialContainerExited', reason: reason || 'Essential container in task exited' };
}

/** The task's own health: the worst of its essential containers that have a health check, as ECS defines it. */
export function taskHealth(containers: readonly ContainerState[]): Health {
  const checked = containers.filter((each) => each.essential && each.hasHealthCheck).map((each) => each.healthStatus);
  if (checked.includes('UNHEALTHY')) return 'UNHEALTHY';
  return checked.length > 0 && checked.every((each) => each === 'HEALTHY') ? 'HEALTHY' : 'UNKNOWN';
}

function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** `after` with its version raised if it differs from `before`, else undefined. */
function changed(before: TaskRecord, after: TaskRecord): TaskRecord | undefined {
  return sameJson(before, after) ? undefined : { ...after, version: before.version + 1 };
}

/** What `report` makes of `task`, or undefined if it says nothing new. */
export function applyReport(task: TaskRecord, report: TaskReport, now: number): TaskRecord | undefined {
  if (task.lastStatus === 'STOPPED') return undefined;
  const stopped = report.status === 'STOPPED';
  const reports = new Map(report.containers.map((each) => [each.name, each]));
  const containers = task.document.containers.map((current) => {
    const mine = reports.get(current.name);
    const seen = mine === undefined ? current : observeContainer(current, mine);
    return stopped ? { ...seen, lastStatus: 'STOPPED' as const } : seen;
  });
  const rank = Math.max(statusRank(task.lastStatus), statusRank(report.status ?? ''));
  const lastStatus = order[rank] ?? task.lastStatus;
  const startedAt = task.startedAt ?? (rank >= statusRank('RUNNING') && !stopped ? now : undefined);
  const exited = containers.some((each) => each.essential && each.lastStatus === 'STOPPED');
  const ending = stopped || exited ? endingOf({ ...task, startedAt }, containers, report.reason) : undefined;
  const told = task.stopCode !== '';
  const after: TaskRecord = {
    ...task,
    lastStatus,
    desiredStatus: ending === undefined ? task.desiredStatus : 'STOPPED',
    stopCode: told || ending === undefined ? task.stopCode : ending.code,
    startedAt,
    stoppedAt: stopped ? now : undefined,
    // A report proves that the agent has the task, whether it acknowledged or not.
    offered: true,
    acked: task.acked === '' ? 'RUNNING' : task.acked,
    document: {
      ...task.document,
      containers,
      connectivity: 'CONNECTED',
      connectivityAt: task.document.connectivity === 'CONNECTED' ? task.document.connectivityAt : now,
      pullStartedAt: task.document.pullStartedAt ?? report.pullStartedAt,
      pullStoppedAt: task.document.pullStoppedAt ?? report.pullStoppedAt,
      stoppingAt: task.document.stoppingAt ?? (ending === undefined ? undefined : now),
      executionStoppedAt:
        task.document.executionStoppedAt ??
        report.executionStoppedAt ??
        (stopped && startedAt !== undefined ? now : undefined),
      stoppedReason: told || ending === undefined ? task.document.stoppedReason : ending.reason,
    },
  };
  return changed(task, after);
}

/** Health as the telemetry socket brings it; undefined if nothing changed. */
export function applyHealth(task: TaskRecord, health: ReadonlyMap<string, Health>): TaskRecord | undefined {
  if (task.lastStatus === 'STOPPED') return undefined;
  const containers = task.document.containers.map((each) => ({
    ...each,
    healthStatus: health.get(each.name) ?? each.healthStatus,
  }));
  return changed(task, { ...task, healthStatus: taskHealth(containers), document: { ...task.document, containers } });
}

/** Its agent is away for good, or is back; undefined if it is known already. */
export function markConnectivity(
  task: TaskRecord,
  connectivity: 'CONNECTED' | 'DISCONNECTED',
  now: number,
): TaskRecord | undefined {
  const known = task.document.connectivity;
  if (task.lastStatus === 'STOPPED' || known === connectivity) return undefined;
  // One that its agent never spoke of was never connected.
  if (known === undefined) return undefined;
  return {
    ...task,
    version: task.version + 1,
    document: { ...task.document, connectivity, connectivityAt: now },
  };
}

/**
 * Wants the task stopped. One that provably never reached an agent is STOPPED at once, without ever having run; every
 * other one stays what it was observed to be until its agent reports. Undefined if it is told so already.
 */
export function askToStop(task: TaskRecord, code: StopCode, reason: string, now: number): TaskRecord | undefined {
  if (task.lastStatus === 'STOPPED' || task.desiredStatus === 'STOPPED') return undefined;
  // Its load balancers let go of it first; its agent is told when no connection is left (targets/).
  const drains = task.lastStatus === 'RUNNING' && task.document.targets !== undefined;
  const told: TaskRecord = {
    ...task,
    desiredStatus: 'STOPPED',
    lastStatus: drains ? 'DEACTIVATING' : task.lastStatus,
    stopCode: code,
    document: { ...task.document, stoppingAt: now, stoppedReason: reason },
    version: task.version + 1,
  };
  return task.offered ? told : endNow(told, now);
}

/** One that is DEACTIVATING has been let go by its load balancers: now its agent is to stop it. */
export function letGo(task: TaskRecord): TaskRecord | undefined {
  return task.lastStatus === 'DEACTIVATING'
    ? { ...task, lastStatus: 'STOPPING', version: task.version + 1 }
    : undefined;
}

/** STOPPED by decision of the control plane: never delivered, or its instance was taken out of the cluster by force. */
export function endNow(task: TaskRecord, now: number): TaskRecord {
  return {
    ...task,
    lastStatus: 'STOPPED',
    desiredStatus: 'STOPPED',
    stoppedAt: now,
    document: {
      ...task.document,
      stoppingAt: task.document.stoppingAt ?? now,
      containers: task.document.containers.map((each) => ({ ...each, lastStatus: 'STOPPED' as const })),
    },
  };
}

// Draws the conclusions from what is seen: which containers have started, ended, vanished or will never run, and what
// there is to report. Pure; settling a settled record changes nothing.
import { foldRanges } from '../task/port-ranges.ts';
import { essentialExited, maxReason, outOfMemory, vanished } from '../task/reasons.ts';
import { hasOwnNetwork, pauseName } from '../task/own-network.ts';
import { progressOf, withContainer, withEnd } from '../task/record.ts';
import type { ContainerReport, NetworkBinding, ObservedContainer, TaskRecord, TaskReport } from '../task/types.ts';
import { judge, startDependencies } from './dependencies.ts';
import { hasRun, isEnding, taskStatus } from './status.ts';
import { decideRestart, isToRestart } from './restart.ts';
import { containerKey, type View } from './types.ts';

const maxReports = 50;

function endReason(seen: ObservedContainer): string | undefined {
  if (seen.oomKilled) return outOfMemory;
  return seen.error ? `DockerStateError: ${seen.error}` : undefined;
}

function bindingsOf(record: TaskRecord, name: string, seen: ObservedContainer): readonly NetworkBinding[] {
  const container = record.task.containers.find((one) => one.name === name);
  return container ? foldRanges(container, seen.bindings) : seen.bindings;
}

/** A further run may have other host ports than the first. */
function settleRun(record: TaskRecord, name: string, seen: ObservedContainer): TaskRecord {
  const progress = progressOf(record, name);
  if (progress.restarts === undefined || progress.ended) return record;
  const bindings = bindingsOf(record, name, seen);
  return JSON.stringify(bindings) === JSON.stringify(progress.bindings)
    ? record
    : withContainer(record, name, { bindings });
}

/** The end of a run: of the container, or to be followed by another run. A restart under way is not judged. */
function settleExit(record: TaskRecord, name: string, seen: ObservedContainer, view: View): TaskRecord {
  const progress = progressOf(record, name);
  if (isToRestart(progress, seen) && view.busy.has(containerKey(name))) return record;
  const again = decideRestart(record, name, seen, view.now);
  if (again) return again === progress ? record : withContainer(record, name, again);
  return withEnd(record, name, { at: seen.finishedAt ?? view.now, exitCode: seen.exitCode, reason: endReason(seen) });
}

/** One container's conclusions. */
function settleContainer(record: TaskRecord, name: string, view: View): TaskRecord {
  const busy = view.busy.has(containerKey(name));
  const seen = view.observed.get(name);
  let next = record;
  if (seen) {
    if (progressOf(next, name).dockerId !== seen.id) next = withContainer(next, name, { dockerId: seen.id });
    const ran = seen.status !== 'created' && seen.startedAt !== undefined;
    if (ran && progressOf(next, name).startedAt === undefined)
      next = withContainer(next, name, { startedAt: seen.startedAt, bindings: bindingsOf(next, name, seen) });
    if (seen.status === 'running') next = settleRun(next, name, seen);
    if (seen.status === 'exited') next = settleExit(next, name, seen, view);
  }
  const progress = progressOf(next, name);
  if (progress.ended || busy) return next;
  // One that was made and is gone may have run, even if nobody noted it: it is not made a second time.
  if (!seen && (progress.startedAt ?? progress.dockerId) !== undefined)
    return withEnd(next, name, { at: view.now, reason: vanished });
  if (seen?.status === 'running' || (seen && isToRestart(progress, seen) && !isEnding(next))) return next;
  if (isEnding(next)) return withEnd(next, name, { at: view.now });
  const container = next.task.containers.find((one) => one.name === name);
  for (const dependency of container ? startDependencies(container) : []) {
    const verdict = judge(dependency, { ...view, record: next });
    if (verdict.is === 'never') return withEnd(next, name, { at: view.now, reason: verdict.reason });
  }
  return next;
}

function containerReport(record: TaskRecord, name: string): ContainerReport {
  const progress = progressOf(record, name);
  return {
    containerName: name,
    status: progress.ended ? 'STOPPED' : progress.startedAt !== undefined ? 'RUNNING' : 'PENDING',
    runtimeId: progress.dockerId,
    imageDigest: progress.image?.digest,
    exitCode: progress.ended?.exitCode,
    reason: progress.ended?.reason?.slice(0, maxReason.container),
    networkBindings: progress.bindings,
  };
}

/** Why the task stops: the first reason that any container gave, else that an essential one exited. */
function stopReason(record: TaskRecord): string | undefined {
  const ends = record.task.containers
    .map((container) => ({ container, ended: progressOf(record, container.name).ended }))
    .filter(({ container, ended }) => ended !== undefined && container.essential)
    .sort((a, b) => (a.ended?.at ?? 0) - (b.ended?.at ?? 0));
  const told = ends.find(({ ended }) => ended?.reason !== undefined && ended.exitCode === undefined);
  if (told) return told.ended?.reason?.slice(0, maxReason.task);
  return record.desired === 'RUNNING' && ends.length > 0 ? essentialExited : undefined;
}

function makeReport(record: TaskRecord, status: TaskReport['status'], now: number): TaskReport {
  return {
    status,
    at: now,
    reason: status === 'STOPPED' ? stopReason(record) : undefined,
    containers: record.task.containers.map((container) => containerReport(record, container.name)),
    pullStartedAt: record.pullStartedAt,
    pullStoppedAt: record.pullStoppedAt,
    executionStoppedAt: record.executionStoppedAt,
  };
}

/** Adds a report if there is news: RUNNING before STOPPED always, even when the task was too quick to be seen running. */
function settleReports(record: TaskRecord, now: number): TaskRecord {
  if (record.lastReported?.startsWith('STOPPED')) return record;
  const status = taskStatus(record);
  let next = record;
  if (status === 'STOPPED' && hasRun(record) && !record.lastReported?.startsWith('RUNNING'))
    next = addReport(next, { ...makeReport(record, 'RUNNING', now), containers: [] });
  // PENDING is where the control plane has the task already; it is told only of what comes after.
  if (status === 'PENDING') return next;
  return addReport(next, makeReport(record, status, now));
}

/** What of a container is news: its status, and after a restart its ports. */
function newsOf(record: TaskRecord, { containerName, status, networkBindings = [] }: ContainerReport): string {
  const ports = networkBindings.map((one) => one.hostPort ?? one.hostPortRange ?? '').join(',');
  const moved = progressOf(record, containerName).restarts !== undefined && ports !== '';
  return `${containerName}=${status}${moved ? `@${ports}` : ''}`;
}

function addReport(record: TaskRecord, report: TaskReport): TaskRecord {
  const news = `${report.status} ${report.containers.map((one) => newsOf(record, one)).join(' ')}`;
  if (record.lastReported === news) return record;
  const kept = record.reports.length < maxReports ? record.reports : record.reports.slice(1);
  return { ...record, lastReported: news, reports: [...kept, report] };
}

/** `view.record` with every conclusion drawn; the same object if there was none. */
export function settle(view: View): TaskRecord {
  let record = view.record;
  for (let before: TaskRecord | undefined; before !== record; ) {
    before = record;
    if (hasOwnNetwork(record.task)) record = settleContainer(record, pauseName, view);
    for (const container of record.task.containers) record = settleContainer(record, container.name, view);
    if (record.executionStoppedAt === undefined && isEnding(record) && taskStatus(record) !== 'PENDING')
      record = { ...record, executionStoppedAt: view.now };
  }
  // The control plane may give the task's address to another as soon as it knows that the task has stopped.
  const holds = view.observed.has(pauseName) || view.busy.has(containerKey(pauseName));
  return holds && taskStatus(record) === 'STOPPED' ? record : settleReports(record, view.now);
}

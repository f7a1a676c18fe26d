// What to do next for a task. Pure: the same view gives the same steps. Called after every change, so it only names
// what can be done now; what must wait is named by a later call.
import type { AcsContainer } from '@longshore/aws';
import { hasOwnNetwork, pauseName } from '../task/own-network.ts';
import { progressOf } from '../task/record.ts';
import type { ObservedContainer } from '../task/types.ts';
import { createDependencies, dependents, judge, startDependencies } from './dependencies.ts';
import { hasStopped, isEnding } from './status.ts';
import { isToRestart } from './restart.ts';
import { containerKey, type Plan, type Step, stepKey, type View } from './types.ts';

/** Seconds between SIGTERM and SIGKILL when the task definition does not say (ECS: 30). */
export const defaultStopTimeout = 30;

interface ContainerPlan {
  readonly step?: Step | undefined;
  readonly wakeAt?: number | undefined;
}

function planStop(container: AcsContainer, view: View): ContainerPlan {
  const alive = (name: string) => view.observed.get(name)?.status === 'running' || view.busy.has(containerKey(name));
  if (dependents(view.record.task, container.name).some(alive)) return {};
  const graceSeconds = container.stopTimeout ?? defaultStopTimeout;
  return { step: { kind: 'stop', container: container.name, graceSeconds } };
}

/** The task's own network, where it has one, is as far as `enough` says. */
function networkIs(enough: (status: ObservedContainer['status']) => boolean, view: View): boolean {
  if (!hasOwnNetwork(view.record.task)) return true;
  const holder = view.observed.get(pauseName);
  return holder !== undefined && enough(holder.status);
}

function planStart(container: AcsContainer, view: View): ContainerPlan {
  if (!networkIs((status) => status === 'running', view)) return {};
  let wakeAt: number | undefined;
  let waiting = false;
  for (const dependency of startDependencies(container)) {
    const verdict = judge(dependency, view);
    if (verdict.is === 'met') continue;
    waiting = true;
    if (verdict.is === 'waiting' && verdict.deadline !== undefined)
      wakeAt = Math.min(wakeAt ?? Number.POSITIVE_INFINITY, verdict.deadline);
  }
  return waiting ? { wakeAt } : { step: { kind: 'start', container: container.name } };
}

function planCreate(container: AcsContainer, view: View): ContainerPlan {
  const volumes = container.mountPoints.map((mount) => view.record.volumes[mount.sourceVolume]);
  const volumesReady = volumes.every((volume) => volume === undefined || volume.made);
  const othersExist = createDependencies(container).every((other) => view.observed.has(other));
  // A container is made while its network's holder starts: to name it is enough.
  const networkMade = networkIs((status) => status !== 'exited', view);
  return volumesReady && othersExist && networkMade ? { step: { kind: 'create', container: container.name } } : {};
}

/** A prepared namespace serves one container once: when that has ended, it goes. */
function planRelease(name: string, view: View): ContainerPlan {
  const holder = view.observed.get(name)?.holder;
  const progress = progressOf(view.record, name);
  if (holder === undefined || !progress.ended || progress.networkReleased || hasOwnNetwork(view.record.task)) return {};
  return { step: { kind: 'releaseNetwork', container: name, holder } };
}

function planContainer(container: AcsContainer, view: View): ContainerPlan {
  const { name } = container;
  if (view.busy.has(containerKey(name))) return {};
  const progress = progressOf(view.record, name);
  const seen = view.observed.get(name);
  const status = seen?.status;
  const over = progress.ended !== undefined || isEnding(view.record);
  if (status === 'running') return over ? planStop(container, view) : {};
  if (over) return planRelease(name, view);
  if (seen?.status === 'exited') return isToRestart(progress, seen) ? { step: { kind: 'start', container: name } } : {};
  if (status === 'created') return planStart(container, view);
  return progress.image ? planCreate(container, view) : { step: { kind: 'pull', container: name } };
}

/** The holder of a task's own network: there before any of its containers, gone after the last of them has ended. */
function planNetwork(view: View): Step[] {
  const { record, observed } = view;
  if (!hasOwnNetwork(record.task)) return [];
  const status = observed.get(pauseName)?.status;
  if (hasStopped(record)) return status === undefined ? [] : [{ kind: 'remove', container: pauseName }];
  if (isEnding(record) || status === 'running') return [];
  return [{ kind: 'hold', container: pauseName }];
}

function planVolumes(view: View): Step[] {
  if (isEnding(view.record)) return [];
  return Object.entries(view.record.volumes)
    .filter(([, volume]) => !volume.made)
    .map(([volume]) => ({ kind: 'createVolume', volume }));
}

/** After the control plane knows that the task stopped: keep its containers a while, then remove all that was made. */
function planCleaning(view: View): Plan {
  const { record } = view;
  if (record.closedAt === undefined) return { steps: [] };
  const due = record.closedAt + view.keepStoppedMs;
  if (view.now < due) return { steps: [], wakeAt: due };
  const containers: Step[] = record.task.containers
    .filter((container) => view.observed.has(container.name))
    .map((container) => ({ kind: 'remove', container: container.name }));
  if (containers.length > 0) return { steps: containers };
  const volumes: Step[] = Object.entries(record.volumes)
    .filter(([, volume]) => volume.taskScoped && volume.made && !volume.removed)
    .map(([volume]) => ({ kind: 'removeVolume', volume }));
  return { steps: volumes.length > 0 ? volumes : [{ kind: 'forget' }] };
}

/** The steps that bring a settled record closer to what is desired. */
export function plan(view: View): Plan {
  const { record } = view;
  const parts = record.task.containers.map((container) => planContainer(container, view));
  const steps: Step[] = [
    ...planNetwork(view),
    ...planVolumes(view),
    ...parts.flatMap((part) => (part.step ? [part.step] : [])),
  ];
  const wakes = parts.flatMap((part) => (part.wakeAt === undefined ? [] : [part.wakeAt]));
  const [report] = record.reports;
  if (report) steps.push({ kind: 'report', report });
  if (hasStopped(record) && !report && steps.length === 0) {
    const cleaning = planCleaning(view);
    steps.push(...cleaning.steps);
    if (cleaning.wakeAt !== undefined) wakes.push(cleaning.wakeAt);
  }
  return {
    steps: steps.filter((step) => !view.busy.has(stepKey(step))),
    wakeAt: wakes.length > 0 ? Math.min(...wakes) : undefined,
  };
}

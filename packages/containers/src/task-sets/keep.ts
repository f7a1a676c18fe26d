// One task set, one round: tasks started and stopped until there are as many as its share, in one write with its row.
import { type Step, sql, sqlList, type Update, type View } from '@longshore/store';
import type { Core } from '../core.ts';
import { withZones } from '../keeper/instances.ts';
import { isIdle, planService } from '../keeper/plan.ts';
import { readKeptTasks } from '../keeper/read.ts';
import { startTasks } from '../keeper/start.ts';
import type { PlanSettings, ServicePlan, Stop } from '../keeper/types.ts';
import { findService, serviceUnchanged } from '../services/rows.ts';
import { forgetTagsStep } from '../tags.ts';
import { askToStop } from '../task-state.ts';
import { moveTaskSteps } from '../task-steps.ts';
import { findTasksByArn, type TaskRecord } from '../tasks.ts';
import { keptTaskSet, serviceOf } from './kept.ts';
import { deleteTaskSetStep, findTaskSet, replaceTaskSet, type TaskSetRecord } from './rows.ts';

/** Tasks stopped in one round. */
const maxStops = 100;

async function stopSteps(view: View, set: TaskSetRecord, stops: readonly Stop[], now: number): Promise<Step[]> {
  const tasks = await findTasksByArn(
    view,
    stops.map((stop) => stop.arn),
  );
  const reason = `Scaling activity initiated by (task set ${set.document.deployment.id})`;
  return tasks.flatMap((before) => {
    const after = askToStop(before, 'ServiceSchedulerInitiated', reason, now);
    return after === undefined ? [] : moveTaskSteps(before, after, now);
  });
}

function afterRound(set: TaskSetRecord, plan: ServicePlan, now: number): TaskSetRecord {
  const { document } = set;
  const steadyAt = plan.steady === document.steady ? document.steadyAt : now;
  const deployment = plan.deployments[0] ?? document.deployment;
  return { ...set, document: { ...document, deployment, steady: plan.steady, steadyAt } };
}

/** A set whose service is gone, or that was deleted and has no task left. */
function endSteps(set: TaskSetRecord): Step[] {
  return [deleteTaskSetStep(set), forgetTagsStep(set.arn)];
}

interface Outcome {
  readonly tasks: readonly TaskRecord[];
  readonly stops: readonly Stop[];
}

async function round(
  core: Core,
  view: View,
  arn: string,
  settings: PlanSettings,
): Promise<Update<Outcome | undefined>> {
  const { now } = settings;
  const set = await findTaskSet(view, arn);
  const none = { steps: [], result: undefined };
  if (set === undefined) return none;
  const service = await findService(view, set.serviceArn);
  const ended = { steps: endSteps(set), result: { tasks: [], stops: [] } };
  // Another service of its name may have taken its service's place.
  if (service === undefined || service.status === 'INACTIVE' || service.createdAt > set.createdAt) return ended;
  // The services' own keeper empties a service that was deleted.
  if (service.status !== 'ACTIVE') return none;
  const { id } = set.document.deployment;
  const all = (await readKeptTasks(view, service.arn)).get(service.arn) ?? [];
  const tasks = await withZones(
    core,
    view,
    service.clusterArn,
    all.filter((task) => task.deploymentId === id),
  );
  if (set.status === 'DRAINING' && tasks.every((task) => task.lastStatus === 'STOPPED')) {
    const settle = {
      sql: sql`UPDATE ecs_tasks SET settled = 1 WHERE service_arn = ${service.arn} AND started_by = ${id}`,
    };
    return { steps: [...ended.steps, settle], result: ended.result };
  }
  const kept = keptTaskSet(service, set);
  const plan = planService(kept, tasks, [], settings);
  if (isIdle(kept, plan)) return none;
  const started = await startTasks(core, view, serviceOf(service, set), plan, now);
  const stops = plan.stop.slice(0, maxStops);
  const quiet = { ...plan, start: 0, startOn: [], news: [] };
  if (started.tasks.length === 0 && stops.length === 0 && isIdle(kept, quiet)) return none;
  const settled =
    plan.settle.length === 0
      ? []
      : [{ sql: sql`UPDATE ecs_tasks SET settled = 1 WHERE arn IN (${sqlList(plan.settle.slice(0, 500))})` }];
  const steps = [
    serviceUnchanged(service),
    replaceTaskSet(set, afterRound(set, plan, now)),
    ...started.steps,
    ...(await stopSteps(view, set, stops, now)),
    ...settled,
  ];
  return { steps, result: { tasks: started.tasks, stops } };
}

/** Brings one set forward. Resolves to whether anything was written. */
export async function keepTaskSet(core: Core, arn: string, settleMs: number): Promise<boolean> {
  const settings = { now: core.clock.now(), settleMs };
  const outcome = await core.store.update((view) => round(core, view, arn, settings));
  if (outcome === undefined) return false;
  core.counters.tasksStarted.add(outcome.tasks.length);
  const stopped = await findTasksByArn(
    core.store,
    outcome.stops.map((stop) => stop.arn),
  );
  for (const instance of new Set([...outcome.tasks, ...stopped].map((task) => task.instanceArn)))
    core.wakeInstance(instance);
  return true;
}

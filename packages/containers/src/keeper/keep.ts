// One service, one round: the plan carried out in one write — the service's row by compare and set, new tasks with their
// reservations, stops, and what was taken note of. Two replicas that do it at once: one of them plans again.
import { newUuid } from '@longshore/base';
import { type Step, sql, sqlList, type View } from '@longshore/store';
import type { Core } from '../core.ts';
import { unprotectedStep } from '../protection.ts';
import { saveRollout } from '../services/rollouts.ts';
import { findService, replaceService, type ServiceEvent, type ServiceRecord } from '../services/rows.ts';
import { forgetTagsStep } from '../tags.ts';
import { askToStop } from '../task-state.ts';
import { moveTaskSteps } from '../task-steps.ts';
import { findTasksByArn } from '../tasks.ts';
import { watchAlarms } from './alarms.ts';
import { eventSteps } from './events.ts';
import { keptInstances, withZones } from './instances.ts';
import { isIdle, needsInstances, planService } from './plan.ts';
import { keptService, readKeptTasks } from './read.ts';
import { startTasks } from './start.ts';
import type { ServicePlan, Stop } from './types.ts';
import { isAlwaysSaid, messagesOf } from './words.ts';

/** ECS keeps the last hundred. */
const maxEvents = 100;
/** The same sentence is not repeated within this time. */
const repeatMs = 3600_000;

function reasonOf(stop: Stop, service: ServiceRecord): string {
  if (stop.why === 'unhealthy') return 'Task failed container health checks';
  if (stop.why === 'unhealthy target') return 'Task failed ELB health checks';
  if (stop.why === 'lost') return 'The container instance of the task was lost; the task was replaced';
  return `Scaling activity initiated by (deployment ${service.document.deployments[0]?.id ?? service.name})`;
}

async function stopSteps(view: View, service: ServiceRecord, stops: readonly Stop[], now: number): Promise<Step[]> {
  const why = new Map(stops.map((stop) => [stop.arn, stop]));
  const steps: Step[] = [];
  for (let at = 0; at < stops.length; at += 100) {
    const tasks = await findTasksByArn(
      view,
      stops.slice(at, at + 100).map((stop) => stop.arn),
    );
    for (const before of tasks) {
      const stop = why.get(before.arn);
      if (stop === undefined) continue;
      const after = askToStop(before, 'ServiceSchedulerInitiated', reasonOf(stop, service), now);
      if (after !== undefined) steps.push(...moveTaskSteps(before, after, now));
    }
  }
  const free = stops.filter((stop) => stop.why === 'scaling').map((stop) => stop.arn);
  return free.length === 0 ? steps : [unprotectedStep(free, now), ...steps];
}

/** Newest first; a sentence that was just said is not said again. */
function addEvents(events: readonly ServiceEvent[], messages: readonly string[], now: number): readonly ServiceEvent[] {
  const recent = new Set(events.filter((each) => now - each.createdAt < repeatMs).map((each) => each.message));
  const news = messages.filter((each) => isAlwaysSaid(each) || !recent.has(each));
  if (news.length === 0) return events;
  const made = news.map((message) => ({ id: newUuid(), createdAt: now, message }));
  return [...made.reverse(), ...events].slice(0, maxEvents);
}

/** The service after the round. */
function afterRound(service: ServiceRecord, plan: ServicePlan, events: readonly ServiceEvent[], now: number) {
  const { deployments, lastCompleted, rollout, moving, steady } = plan;
  const [primary] = deployments;
  // Rolled back: what it is attached to is again what it was. Traffic that was shifted kept both target groups.
  const { shifting } = service.document;
  const same = primary?.id === service.document.deployments[0]?.id || shifting !== undefined;
  const attachments = same ? {} : (primary?.attachments ?? {});
  const after: ServiceRecord = {
    ...service,
    status: plan.finished ? 'INACTIVE' : service.status,
    updatedAt: plan.finished ? now : service.updatedAt,
    desiredCount: plan.desiredCount,
    definitionArn: primary?.definitionArn ?? service.definitionArn,
    events,
    document: { ...service.document, ...attachments, deployments, lastCompleted, rollout, moving, steady },
  };
  return after;
}

function settleSteps(service: ServiceRecord, plan: ServicePlan): Step[] {
  if (plan.finished)
    return [
      { sql: sql`UPDATE ecs_tasks SET settled = 1 WHERE service_arn = ${service.arn} AND settled = 0` },
      forgetTagsStep(service.arn),
    ];
  if (plan.settle.length === 0) return [];
  return [{ sql: sql`UPDATE ecs_tasks SET settled = 1 WHERE arn IN (${sqlList(plan.settle)})` }];
}

/** Brings one service forward. Resolves to whether anything was written. */
export async function keepService(core: Core, arn: string, settleMs: number): Promise<boolean> {
  const now = core.clock.now();
  const outcome = await core.store.update(async (view) => {
    const service = await findService(view, arn);
    const none = { steps: [], result: undefined };
    if (service === undefined || service.status === 'INACTIVE') return none;
    const tasks = await withZones(core, view, service.clusterArn, (await readKeptTasks(view, arn)).get(arn) ?? []);
    const kept = keptService(service, await watchAlarms(core, service));
    const instances = needsInstances(kept) ? await keptInstances(core, view, service) : [];
    const planned = planService(kept, tasks, instances, { now, settleMs });
    if (isIdle(kept, planned)) return none;
    const started = await startTasks(core, view, service, planned, now);
    // A task that is to move and found no place after all does not move.
    const stays = planned.moving !== undefined && kept.moving === undefined && started.tasks.length === 0;
    const plan = stays ? { ...planned, moving: undefined } : planned;
    const stops = started.asked > 0 && started.tasks.length === 0 ? [...plan.stop, ...plan.stopIfNoRoom] : plan.stop;
    const events = addEvents(service.events, messagesOf(service, plan, started, stops), now);
    const after = afterRound(service, plan, events, now);
    // Nothing but a task that finds no room, or a deployment that is blocked, and that was said: nothing to write.
    const quiet = { ...plan, start: 0, startOn: [], news: [] };
    if (events === service.events && started.tasks.length === 0 && stops.length === 0 && isIdle(kept, quiet))
      return none;
    const steps = [
      replaceService(service, after),
      ...started.steps,
      ...(await stopSteps(view, service, stops, now)),
      ...settleSteps(service, plan),
      ...(events === service.events ? [] : eventSteps(service, plan, started, now)),
      ...(plan.rollout !== undefined && plan.rollout !== kept.rollout ? [saveRollout(service, plan.rollout)] : []),
    ];
    return { steps, result: { tasks: started.tasks, stops, finished: plan.finished } };
  });
  if (outcome === undefined) return false;
  core.counters.tasksStarted.add(outcome.tasks.length);
  const stopped = await findTasksByArn(
    core.store,
    outcome.stops.slice(0, 100).map((stop) => stop.arn),
  );
  for (const instance of new Set([...outcome.tasks, ...stopped].map((task) => task.instanceArn)))
    core.wakeInstance(instance);
  // Its task sets end with it.
  if (outcome.finished) core.wakeKeeper();
  return true;
}

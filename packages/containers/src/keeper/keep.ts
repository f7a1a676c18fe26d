// One service, one round: the plan carried out in one write — the service's row by compare and set, new tasks with their
// reservations, stops, and what was taken note of. Two replicas that do it at once: one of them plans again.
import { newUuid } from '@longshore/base';
import { type Step, sql, sqlList, type View } from '@longshore/store';
import type { Core } from '../core.ts';
import { findDefinitionByArn } from '../definitions.ts';
import { serviceEvent } from '../events.ts';
import { type LaunchFailure, planLaunch } from '../launch.ts';
import { launchTags } from '../launch-input.ts';
import { lastPart } from '../names.ts';
import { readRules } from '../placement/rules.ts';
import { findService, replaceService, type ServiceEvent, type ServiceRecord } from '../services.ts';
import { findTags, forgetTagsStep } from '../tags.ts';
import { taskTargets } from '../targets/input.ts';
import { askToStop } from '../task-state.ts';
import { moveTaskSteps } from '../task-steps.ts';
import { findTasksByArn, type TaskRecord } from '../tasks.ts';
import { isIdle, planService, type ServicePlan, type Stop } from './plan.ts';
import { keptService, readKeptTasks } from './read.ts';
import {
  completedMessage,
  startedMessage,
  steadyMessage,
  stoppedMessage,
  strugglingMessage,
  unplacedMessage,
} from './words.ts';

/** ECS keeps the last hundred. */
const maxEvents = 100;
/** Tasks started in one round. */
const maxStarts = 50;
/** The same sentence is not repeated within this time. */
const repeatMs = 3600_000;

interface Started {
  readonly tasks: readonly TaskRecord[];
  readonly failures: readonly LaunchFailure[];
  readonly steps: readonly Step[];
  readonly asked: number;
}

const nothing: Started = { tasks: [], failures: [], steps: [], asked: 0 };

async function start(core: Core, view: View, service: ServiceRecord, plan: ServicePlan, now: number): Promise<Started> {
  const primary = plan.deployments[0];
  if (plan.start === 0 || primary === undefined) return nothing;
  const definition = await findDefinitionByArn(view, primary.definitionArn);
  if (definition === undefined) return nothing;
  const { document } = service;
  const own =
    document.propagateTags === 'SERVICE' ? ((await findTags(view, [service.arn])).get(service.arn) ?? []) : [];
  const managed = { 'aws:ecs:clusterName': lastPart(service.clusterArn), 'aws:ecs:serviceName': service.name };
  const launch = await planLaunch(
    core,
    view,
    {
      account: service.account,
      clusterArn: service.clusterArn,
      definition,
      count: Math.min(plan.start, maxStarts),
      launchType: service.launchType,
      group: `service:${service.name}`,
      startedBy: primary.id,
      serviceArn: service.arn,
      targets: taskTargets(document, definition),
      overrides: { containerOverrides: [], inferenceAcceleratorOverrides: [] },
      rules: readRules(document.placementConstraints, document.placementStrategy),
      tags: await launchTags(view, definition, {
        tags: own,
        propagate: document.propagateTags,
        managed: document.enableECSManagedTags ? managed : undefined,
      }),
    },
    now,
  );
  return { ...launch, asked: Math.min(plan.start, maxStarts) };
}

function reasonOf(stop: Stop, service: ServiceRecord): string {
  if (stop.why === 'unhealthy') return 'Task failed container health checks';
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
  return steps;
}

function messagesOf(service: ServiceRecord, plan: ServicePlan, started: Started): string[] {
  const { name } = service;
  const messages: string[] = [];
  if (plan.stop.length > 0)
    messages.push(
      stoppedMessage(
        name,
        plan.stop.map((stop) => stop.arn),
      ),
    );
  if (started.tasks.length > 0)
    messages.push(
      startedMessage(
        name,
        started.tasks.map((task) => task.arn),
      ),
    );
  if (started.tasks.length < started.asked) messages.push(unplacedMessage(name, started.failures));
  if (plan.struggling) messages.push(strugglingMessage(name));
  const [primary] = plan.deployments;
  const completes =
    service.document.deployments[0]?.rolloutState === 'IN_PROGRESS' && primary?.rolloutState === 'COMPLETED';
  if (completes) messages.push(completedMessage(name, primary.id));
  if (plan.steady && !service.document.steady) messages.push(steadyMessage(name));
  return messages;
}

/** Newest first; a sentence that was just said is not said again. */
function addEvents(events: readonly ServiceEvent[], messages: readonly string[], now: number): readonly ServiceEvent[] {
  const recent = new Set(events.filter((each) => now - each.createdAt < repeatMs).map((each) => each.message));
  const steady = messages.filter((each) => each.endsWith('has reached a steady state.'));
  const news = messages.filter((each) => steady.includes(each) || !recent.has(each));
  if (news.length === 0) return events;
  const made = news.map((message) => ({ id: newUuid(), createdAt: now, message }));
  return [...made.reverse(), ...events].slice(0, maxEvents);
}

function eventSteps(service: ServiceRecord, plan: ServicePlan, started: Started, now: number): Step[] {
  const steps: Step[] = [];
  if (plan.steady && !service.document.steady) steps.push(serviceEvent(service, now, 'SERVICE_STEADY_STATE', 'INFO'));
  if (plan.struggling) steps.push(serviceEvent(service, now, 'SERVICE_TASK_START_IMPAIRED', 'WARN'));
  if (started.tasks.length < started.asked)
    steps.push(
      serviceEvent(service, now, 'SERVICE_TASK_PLACEMENT_FAILURE', 'ERROR', {
        reason: started.failures[0]?.reason ?? 'RESOURCE',
        containerInstanceArns: started.failures.slice(0, 10).map((each) => each.arn),
      }),
    );
  return steps;
}

/** Brings one service forward. Resolves to whether anything was written. */
export async function keepService(core: Core, arn: string, settleMs: number): Promise<boolean> {
  const now = core.clock.now();
  const outcome = await core.store.update(async (view) => {
    const service = await findService(view, arn);
    const none = { steps: [], result: undefined };
    if (service === undefined || service.status === 'INACTIVE') return none;
    const tasks = (await readKeptTasks(view, arn)).get(arn) ?? [];
    const kept = keptService(service);
    const plan = planService(kept, tasks, { now, settleMs });
    if (isIdle(kept, plan)) return none;
    const started = await start(core, view, service, plan, now);
    const events = addEvents(service.events, messagesOf(service, plan, started), now);
    const after: ServiceRecord = {
      ...service,
      status: plan.finished ? 'INACTIVE' : service.status,
      updatedAt: plan.finished ? now : service.updatedAt,
      events,
      document: { ...service.document, deployments: plan.deployments, steady: plan.steady },
    };
    const stops = await stopSteps(view, service, plan.stop, now);
    // Nothing but a task that finds no room, and that was said: nothing to write.
    const silent =
      events === service.events &&
      started.tasks.length === 0 &&
      isIdle(kept, { ...plan, start: 0 }) &&
      stops.length === 0;
    if (silent) return none;
    const said = events === service.events ? [] : eventSteps(service, plan, started, now);
    const settle =
      plan.settle.length === 0
        ? []
        : [{ sql: sql`UPDATE ecs_tasks SET settled = 1 WHERE arn IN (${sqlList(plan.settle)})` }];
    const untag = plan.finished ? [forgetTagsStep(service.arn)] : [];
    const steps = [replaceService(service, after), ...started.steps, ...stops, ...settle, ...said, ...untag];
    return { steps, result: { tasks: started.tasks, stops: plan.stop } };
  });
  if (outcome === undefined) return false;
  core.counters.tasksStarted.add(outcome.tasks.length);
  const stopped = await findTasksByArn(
    core.store,
    outcome.stops.slice(0, 100).map((stop) => stop.arn),
  );
  for (const instance of new Set([...outcome.tasks, ...stopped].map((task) => task.instanceArn)))
    core.wakeInstance(instance);
  return true;
}

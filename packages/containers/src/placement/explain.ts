// Why a task does not run where it could: for each instance all that speaks against it, by the function that also places.
import { sql } from '@longshore/store';
import type { Core } from '../core.ts';
import { clusterArnOf, inClusterArn, lastPart, type Place } from '../names.ts';
import { findCluster } from '../clusters.ts';
import { type DefinitionRecord, findDefinition, findDefinitionByArn } from '../definitions.ts';
import { rulesOf } from '../launch.ts';
import { findService, type ServiceRecord } from '../services/rows.ts';
import { readWishes } from '../providers/waiting.ts';
import { findTask, type TaskRecord } from '../tasks.ts';
import { demandOf } from './demand.ts';
import { refusals } from './feasible.ts';
import { detailOf } from './place.ts';
import { readRules } from './rules.ts';
import type { Demand, Offer, Reason, Rules } from './types.ts';

/** Names one of them. */
export interface WhyQuery {
  readonly cluster?: string | undefined;
  /** The id or ARN of a task. */
  readonly task?: string | undefined;
  /** The name or ARN of a service. */
  readonly service?: string | undefined;
  readonly taskDefinition?: string | undefined;
}

export interface InstanceAnswer {
  readonly arn: string;
  /** Empty: a task would fit now. */
  readonly reasons: readonly { readonly reason: Reason; readonly detail: string }[];
}

export interface WhyAnswer {
  readonly kind: 'task' | 'service' | 'definition';
  readonly arn: string;
  readonly taskDefinitionArn: string;
  /** What else is known, in sentences. */
  readonly state: readonly string[];
  readonly demand: Demand;
  /** Instances on which a task would fit now, and all of them. */
  readonly fits: number;
  readonly instances: number;
  /** How many instances each reason speaks against. */
  readonly reasons: Readonly<Record<string, number>>;
  /** The first thousand. */
  readonly answers: readonly InstanceAnswer[];
}

const maxAnswers = 1000;

interface Subject {
  readonly kind: WhyAnswer['kind'];
  readonly arn: string;
  readonly definition: DefinitionRecord;
  readonly demand: Demand;
  readonly rules: Rules;
  readonly state: readonly string[];
}

function list(ports: readonly number[], used: ReadonlySet<number>): string {
  return ports.filter((port) => used.has(port)).join(', ');
}

/** What exactly is in the way, in a few words. */
function words(reason: Reason, offer: Offer, demand: Demand, rules: Rules): string {
  switch (reason) {
    case 'INACTIVE':
      return `its status is ${offer.status}`;
    case 'AGENT':
      return 'its agent is not connected';
    case 'ATTRIBUTE':
      return `it has not the attribute ${detailOf(reason, offer, demand, rules)}`;
    case 'MEMBER_OF':
      return `it does not meet: ${detailOf(reason, offer, demand, rules)}`;
    case 'DISTINCT_INSTANCE':
      return `a task of the group ${rules.group} is on it (distinctInstance)`;
    case 'RESOURCE:CPU':
      return `${demand.cpu} CPU units are needed, ${offer.cpu} are left`;
    case 'RESOURCE:MEMORY':
      return `${demand.memory} MiB are needed, ${offer.memory} are left`;
    case 'RESOURCE:GPU':
      return `${demand.gpus} GPUs are needed, ${offer.freeGpus.length} are free`;
    case 'RESOURCE:PORTS':
      return `host ports are taken: ${[list(demand.tcp, offer.tcp), list(demand.udp, offer.udp)].filter(Boolean).join(', ')}`;
    case 'RESOURCE:ENI':
      return "no address is free in its subnet of the tasks' network";
  }
}

function taskState(task: TaskRecord): string[] {
  const where = task.instanceArn === '' ? 'It has no instance yet' : `It is on ${lastPart(task.instanceArn)}`;
  const lines = [`${where}, ${task.lastStatus}, desired ${task.desiredStatus}.`];
  if (task.document.stoppedReason !== undefined) lines.push(`Stopped because: ${task.document.stoppedReason}`);
  for (const container of task.document.containers)
    if (container.reason !== undefined) lines.push(`Container ${container.name}: ${container.reason}`);
  if (task.lastStatus === 'PENDING' && task.instanceArn !== '' && task.acked === '')
    lines.push(task.offered ? 'Its agent was told and has not acknowledged it.' : 'Its agent was not told yet.');
  return lines;
}

function serviceState(service: ServiceRecord, live: number, running: number, now: number): string[] {
  const [primary] = service.document.deployments;
  const lines = [`${service.desiredCount} desired, ${running} running, ${live - running} on their way.`];
  if (primary !== undefined && primary.retryAt > now)
    lines.push(`Its tasks did not start; the next try is in ${Math.ceil((primary.retryAt - now) / 1000)} s.`);
  return lines;
}

async function taskSubject(core: Core, clusterArn: string, reference: string): Promise<Subject | undefined> {
  const task = await findTask(core.store, inClusterArn('task', clusterArn, reference));
  if (task === undefined || task.clusterArn !== clusterArn) return undefined;
  const definition = await findDefinitionByArn(core.store, task.definitionArn);
  if (definition === undefined) return undefined;
  const rules = rulesOf(definition, readWishes(task.document.wishes), task.group);
  const demand = demandOf(definition.document, task.document.overrides);
  return { kind: 'task', arn: task.arn, definition, demand, rules, state: taskState(task) };
}

async function serviceSubject(core: Core, clusterArn: string, reference: string): Promise<Subject | undefined> {
  const service = await findService(core.store, inClusterArn('service', clusterArn, reference));
  if (service === undefined || service.clusterArn !== clusterArn) return undefined;
  const definition = await findDefinitionByArn(core.store, service.definitionArn);
  if (definition === undefined) return undefined;
  const { placementConstraints, placementStrategy } = service.document;
  const rules = rulesOf(definition, readRules(placementConstraints, placementStrategy), `service:${service.name}`);
  const rows = await core.store.all<{ last_status: string; n: number }>(
    sql`SELECT last_status, COUNT(*) AS n FROM ecs_tasks
      WHERE service_arn = ${service.arn} AND last_status <> 'STOPPED' GROUP BY last_status`,
  );
  const live = rows.reduce((sum, row) => sum + Number(row.n), 0);
  const running = Number(rows.find((row) => row.last_status === 'RUNNING')?.n ?? 0);
  const state = serviceState(service, live, running, core.clock.now());
  return { kind: 'service', arn: service.arn, definition, demand: demandOf(definition.document, {}), rules, state };
}

async function definitionSubject(core: Core, place: Place, reference: string): Promise<Subject | undefined> {
  const definition = await findDefinition(core.store, place, reference);
  if (definition === undefined) return undefined;
  const wishes = { distinctInstance: false, memberOf: [], strategies: [] };
  return {
    kind: 'definition',
    arn: definition.arn,
    definition,
    demand: demandOf(definition.document, {}),
    rules: rulesOf(definition, wishes, `family:${definition.family}`),
    state: definition.status === 'ACTIVE' ? [] : [`The definition is ${definition.status}.`],
  };
}

/** Undefined if there is no such thing in the caller's account. */
export async function explainPlacement(core: Core, place: Place, query: WhyQuery): Promise<WhyAnswer | undefined> {
  const clusterArn = clusterArnOf(place, query.cluster);
  if (clusterArn === undefined || (await findCluster(core.store, clusterArn)) === undefined) return undefined;
  const subject =
    query.task !== undefined
      ? await taskSubject(core, clusterArn, query.task)
      : query.service !== undefined
        ? await serviceSubject(core, clusterArn, query.service)
        : await definitionSubject(core, place, query.taskDefinition ?? '');
  if (subject === undefined) return undefined;
  const { demand, rules } = subject;
  await core.capacity.recheck(core.store, clusterArn);
  const needs = { running: rules.memberOf.some((each) => each.countsRunning) };
  const roster = await core.capacity.roster(core.store, clusterArn, needs);
  const counts = new Map<Reason, number>();
  const answers: InstanceAnswer[] = [];
  let fitting = 0;
  for (const offer of roster.all()) {
    const against = refusals(offer, demand, rules);
    if (against.length === 0) fitting += 1;
    for (const reason of against) counts.set(reason, (counts.get(reason) ?? 0) + 1);
    if (answers.length === maxAnswers) continue;
    const reasons = against.map((reason) => ({ reason, detail: words(reason, offer, demand, rules) }));
    answers.push({ arn: offer.arn, reasons });
  }
  return {
    kind: subject.kind,
    arn: subject.arn,
    taskDefinitionArn: subject.definition.arn,
    state: subject.state,
    demand,
    fits: fitting,
    instances: roster.size(),
    reasons: Object.fromEntries(counts),
    answers,
  };
}

// Launching tasks: placement on what really remains, the reservation and the tasks in one write. RunTask, StartTask and
// the service keeper all come through here; it plans only, the caller's update writes.
import type { NetworkConfiguration, TaskOverride } from '@aws-sdk/client-ecs';
import { newHexId, newUuid, parseArn } from '@longshore/base';
import type { Step, View } from '@longshore/store';
import type { Core } from './core.ts';
import { platformConstraints } from './definition/platform.ts';
import type { DefinitionRecord } from './definitions.ts';
import { taskEvent } from './events.ts';
import { countPlacedStep, takePortSteps, takeStep } from './instances.ts';
import { ecsArn, lastPart } from './names.ts';
import { type GivenInterface, type Interfaces, taskInterfaces } from './network/interfaces.ts';
import { demandOf, gpusOf } from './placement/demand.ts';
import { compileConstraint } from './placement/language/compile.ts';
import { failureOf, place, type PlacementFailure } from './placement/place.ts';
import type { Hold, Roster } from './placement/roster.ts';
import type { Demand, Offer, Rules, Wishes } from './placement/types.ts';
import { planWithProviders } from './providers/launch.ts';
import type { StrategyItem } from './providers/strategy.ts';
import { keptConstraints, placeStep, writeWishes } from './providers/waiting.ts';
import { rolesOf } from './role-access.ts';
import { type CleanTag, tagSteps } from './tags.ts';
import { type ContainerState, insertTask, type TaskRecord, type TaskTargets } from './tasks.ts';

export interface LaunchOrder {
  readonly account: string;
  readonly clusterArn: string;
  readonly definition: DefinitionRecord;
  readonly count: number;
  /** StartTask: the instances to use, one task each. */
  readonly instances?: readonly string[];
  readonly launchType: 'EC2' | 'EXTERNAL';
  readonly group: string;
  readonly startedBy: string;
  readonly serviceArn: string;
  readonly overrides: TaskOverride;
  readonly rules: Wishes;
  readonly tags: readonly CleanTag[];
  readonly enableExecuteCommand?: boolean | undefined;
  /** Of tasks in awsvpc mode. */
  readonly networkConfiguration?: NetworkConfiguration | undefined;
  /** The providers to share the tasks out among; left out, any instance of the cluster will do. */
  readonly strategy?: readonly StrategyItem[] | undefined;
  /** The provider whose instances the rules name. */
  readonly capacityProvider?: string | undefined;
  /** Tasks that wait for their instance already: they are placed instead of new ones. */
  readonly adopt?: readonly TaskRecord[] | undefined;
  /** With what its load balancers and registries are told of the tasks. */
  readonly targets?: TaskTargets | undefined;
}

export interface LaunchFailure {
  readonly arn: string;
  readonly reason: string;
  readonly detail?: string;
}

export interface LaunchPlan {
  readonly tasks: readonly TaskRecord[];
  readonly failures: readonly LaunchFailure[];
  readonly steps: readonly Step[];
  /** Instances of the cluster that were looked at; 0 means that it has none. */
  readonly considered: number;
}

interface Placed {
  readonly holds: readonly Hold[];
  readonly failures: readonly LaunchFailure[];
}

/** ECS has no word of its own for an instance that already has a task of the group. */
function publicFailure({ arn, reason, detail }: PlacementFailure | LaunchFailure): LaunchFailure {
  const unsatisfied = reason === 'DISTINCT_INSTANCE' || reason === 'MEMBER_OF';
  return {
    arn,
    reason: unsatisfied ? 'MemberOf placement constraint unsatisfied.' : reason,
    ...(detail === undefined ? {} : { detail }),
  };
}

function choose(roster: Roster, order: LaunchOrder, demand: Demand, rules: Rules): Placed {
  const { holds, failures } = place(roster, demand, order.count, rules);
  return { holds, failures: failures.map(publicFailure) };
}

/** What the customer's own scheduler says, if there is one that answers. */
async function propose(
  core: Pick<Core, 'propose'>,
  roster: Roster,
  order: LaunchOrder,
  demand: Demand,
  rules: Rules,
): Promise<Placed | undefined> {
  if (core.propose === undefined || roster.size() === 0) return undefined;
  const { clusterArn: cluster, group, startedBy, serviceArn: service, count } = order;
  const asked = { cluster, taskDefinition: order.definition.arn, group, startedBy, service, count };
  const proposed = await core.propose(roster, asked, demand, rules);
  return proposed && { holds: proposed.holds, failures: proposed.failures.map(publicFailure) };
}

function named(roster: Roster, arns: readonly string[], demand: Demand, rules: Rules): Placed {
  const holds: Hold[] = [];
  const failures: LaunchFailure[] = [];
  for (const arn of new Set(arns)) {
    const offer = roster.get(arn);
    if (offer === undefined) {
      failures.push({ arn, reason: 'MISSING' });
      continue;
    }
    const failure = failureOf(offer, demand, rules);
    if (failure === undefined) holds.push(roster.hold(arn, demand, rules.group));
    else failures.push(publicFailure(failure));
  }
  return { holds, failures };
}

/** The caller's rules with the definition's constraints, for the tasks of the order's group. */
export function rulesOf(definition: DefinitionRecord, wishes: Wishes, group: string): Rules {
  const { placementConstraints = [], runtimePlatform } = definition.document;
  const expressions = [
    ...placementConstraints.map((each) => each.expression ?? ''),
    ...platformConstraints(runtimePlatform),
  ];
  return { ...wishes, memberOf: [...wishes.memberOf, ...expressions.map(compileConstraint)], group };
}

function newContainers(order: LaunchOrder, taskId: string): ContainerState[] {
  const cluster = parseArn(order.clusterArn);
  const place = { region: cluster?.region ?? '', account: order.account };
  return order.definition.document.containerDefinitions.map((container) => {
    const mine = order.overrides.containerOverrides?.find((each) => each.name === container.name);
    return {
      arn: ecsArn(place, 'container', `${lastPart(order.clusterArn)}/${taskId}/${newUuid()}`),
      name: container.name ?? '',
      image: container.image ?? '',
      essential: container.essential ?? true,
      cpu: mine?.cpu ?? container.cpu ?? 0,
      memory: mine?.memory ?? container.memory,
      memoryReservation: mine?.memoryReservation ?? container.memoryReservation,
      hasHealthCheck: container.healthCheck !== undefined && container.healthCheck.command?.[0] !== 'NONE',
      lastStatus: 'PENDING',
      healthStatus: 'UNKNOWN',
      networkBindings: [],
    };
  });
}

/** The ids of the GPUs that each container gets, in the containers' order. */
function assignGpus(order: LaunchOrder, ids: readonly string[]): Record<string, string[]> | undefined {
  if (ids.length === 0) return undefined;
  let next = 0;
  const entries = order.definition.document.containerDefinitions.flatMap((container) => {
    const mine = order.overrides.containerOverrides?.find((each) => each.name === container.name);
    const own = ids.slice(next, (next += gpusOf(container, mine)));
    return own.length === 0 ? [] : [[container.name ?? '', own] as const];
  });
  return Object.fromEntries(entries);
}

interface Chosen {
  readonly instance: Offer;
  readonly hold: Hold;
  readonly given?: GivenInterface | undefined;
}

/** Without a place it waits in PROVISIONING. */
function newTask(order: LaunchOrder, demand: Demand, where: Chosen | undefined, now: number): TaskRecord {
  const id = newHexId();
  const cluster = parseArn(order.clusterArn);
  const roles = rolesOf(order);
  const zone = where?.instance.attributes.get('ecs.availability-zone');
  const architecture = where?.instance.attributes.get('ecs.cpu-architecture');
  const gpus = assignGpus(order, where?.hold.gpus.map((place) => where.instance.gpuIds[place] ?? '') ?? []);
  const place = { region: cluster?.region ?? '', account: order.account };
  return {
    arn: ecsArn(place, 'task', `${lastPart(order.clusterArn)}/${id}`),
    account: order.account,
    clusterArn: order.clusterArn,
    instanceArn: where?.instance.arn ?? '',
    definitionArn: order.definition.arn,
    family: order.definition.family,
    launchType: order.launchType,
    startedBy: order.startedBy,
    group: order.group,
    serviceArn: order.serviceArn,
    desiredStatus: 'RUNNING',
    lastStatus: where === undefined ? 'PROVISIONING' : 'PENDING',
    healthStatus: 'UNKNOWN',
    stopCode: '',
    acked: '',
    offered: false,
    settled: order.serviceArn === '',
    cpu: demand.cpu,
    memory: demand.memory,
    version: 1,
    createdAt: now,
    startedAt: undefined,
    stoppedAt: undefined,
    document: {
      // DescribeTasks always shows both: the task's own limits or the sums.
      cpu: order.overrides.cpu ?? order.definition.document.cpu ?? String(demand.cpu),
      memory: order.overrides.memory ?? order.definition.document.memory ?? String(demand.memory),
      overrides: order.overrides,
      attributes: architecture === undefined ? [] : [{ name: 'ecs.cpu-architecture', value: architecture }],
      containers: newContainers(order, id),
      availabilityZone: zone,
      ...(order.targets && { targets: order.targets }),
      ...(gpus && { gpus }),
      ...(where?.given && { networkInterface: where.given.networkInterface }),
      ...(order.capacityProvider !== undefined && { capacityProviderName: order.capacityProvider }),
      ...(where === undefined
        ? { wishes: writeWishes(order.rules, order.networkConfiguration) }
        : keptConstraints(order.rules)),
      ...(order.enableExecuteCommand && { enableExecuteCommand: true }),
      ...(roles.task && { taskRole: { role: roles.task, credentialsId: newUuid() } }),
      ...(roles.execution && { executionRole: { role: roles.execution, credentialsId: newUuid() } }),
    },
  };
}

/** Decides on what is known in memory; before it says that there is no room it looks whether others made some. */
async function decide(core: Pick<Core, 'capacity' | 'propose'>, view: View, order: LaunchOrder, demand: Demand) {
  const rules = rulesOf(order.definition, order.rules, order.group);
  const needs = { running: rules.memberOf.some((each) => each.countsRunning) };
  const attempt = async () => {
    const roster = await core.capacity.roster(view, order.clusterArn, needs);
    const { instances } = order;
    if (instances !== undefined) return { ...named(roster, instances, demand, rules), roster };
    const proposed = await propose(core, roster, order, demand, rules);
    return { ...(proposed ?? choose(roster, order, demand, rules)), roster };
  };
  const first = await attempt();
  if (first.failures.length === 0 && first.holds.length > 0) return first;
  if (!(await core.capacity.recheck(view, order.clusterArn))) return first;
  for (const hold of first.holds) hold.end();
  return attempt();
}

interface Choice {
  readonly chosen: readonly Chosen[];
  readonly failures: readonly LaunchFailure[];
  readonly considered: number;
}

type Planner = Pick<Core, 'capacity' | 'propose' | 'taskNetwork'>;

/**
 * Instances for the order's tasks, each with an address where they need one. If the network has no subnet left for an instance, or
 * another replica took the last address of one, others are tried.
 */
async function choosePlaces(
  core: Planner,
  view: View,
  order: LaunchOrder,
  demand: Demand,
  interfaces?: Interfaces,
): Promise<Choice> {
  const { holds, failures, roster } = await decide(core, view, order, demand);
  const chosen: Chosen[] = [];
  const without: LaunchFailure[] = [];
  const source =
    demand.address === 'none'
      ? undefined
      : (interfaces ?? taskInterfaces(view, core.taskNetwork, order.networkConfiguration ?? {}));
  await source?.read(holds.map((hold) => hold.arn));
  for (const hold of holds) {
    const instance = roster.get(hold.arn);
    if (instance === undefined) continue;
    const given = source?.give(hold.arn);
    if (source === undefined || given !== undefined) {
      chosen.push({ instance, hold, given });
      continue;
    }
    hold.end();
    without.push({ arn: hold.arn, reason: 'RESOURCE:ENI' });
  }
  const considered = roster.size();
  if (without.length === 0) return { chosen, failures, considered };
  if (order.instances !== undefined || demand.address === 'own-subnet')
    return { chosen, failures: [...failures, ...without], considered };
  await core.capacity.recheck(view, order.clusterArn);
  const rest = { ...order, count: without.length };
  const others = await choosePlaces(core, view, rest, { ...demand, address: 'own-subnet' }, source);
  return { chosen: [...chosen, ...others.chosen], failures: [...failures, ...others.failures], considered };
}

/** For each instance, all that the tasks on it take. */
function takeSteps(core: Pick<Core, 'capacity'>, holds: readonly Hold[], demand: Demand, group: string): Step[] {
  return [...Map.groupBy(holds, (hold) => hold.arn)].flatMap(([arn, mine]) => {
    const take = takeStep(arn, { cpu: demand.cpu * mine.length, memory: demand.memory * mine.length });
    for (const hold of mine) core.capacity.endsWith(take, hold);
    return [take, countPlacedStep(arn, group, mine.length)];
  });
}

/** A task that waited gets its place: it stays who it is, and its containers too. */
function adopted(before: TaskRecord, fresh: TaskRecord): TaskRecord {
  const { createdAt, arn } = before;
  const document = { ...fresh.document, containers: before.document.containers };
  return { ...before, arn, createdAt, ...pick(fresh), version: before.version + 1, document };
}

const pick = ({ instanceArn, lastStatus, cpu, memory }: TaskRecord) => ({ instanceArn, lastStatus, cpu, memory });

async function planPlaces(core: Planner, view: View, order: LaunchOrder, now: number): Promise<LaunchPlan> {
  const demand = demandOf(order.definition.document, order.overrides);
  const { chosen, failures, considered } = await choosePlaces(core, view, order, demand);
  const steps: Step[] = [];
  const tasks = chosen.map((where, i) => {
    const { hold, given } = where;
    const fresh = newTask(order, demand, where, now);
    const waited = order.adopt?.[i];
    const task = waited === undefined ? fresh : adopted(waited, fresh);
    const ports = takePortSteps({ ...demand, gpus: hold.gpus, instanceArn: hold.arn, taskArn: task.arn });
    const write =
      waited === undefined ? [insertTask(task), ...tagSteps(task.arn, order.tags)] : [placeStep(waited, task)];
    steps.push(...ports, ...(given?.steps(task.arn) ?? []), ...write, taskEvent(task, now));
    return task;
  });
  const holds = chosen.map(({ hold }) => hold);
  steps.unshift(...takeSteps(core, holds, demand, order.group));
  return { tasks, failures, steps, considered };
}

/**
 * Plans tasks and their reservation. Nothing is thrown for want of room: see `failures`. With a strategy of capacity
 * providers, what finds no room may be a task without an instance yet.
 */
export async function planLaunch(core: Planner, view: View, order: LaunchOrder, now: number): Promise<LaunchPlan> {
  if (order.strategy === undefined) return planPlaces(core, view, order, now);
  const planner = {
    place: (mine: LaunchOrder) => planPlaces(core, view, mine, now),
    waiting: (mine: LaunchOrder) => newTask(mine, demandOf(mine.definition.document, mine.overrides), undefined, now),
  };
  return planWithProviders(view, order, order.strategy, planner, now);
}

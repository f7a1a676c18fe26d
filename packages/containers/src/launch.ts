// Launching tasks: placement on what really remains, the reservation and the tasks in one write. RunTask, StartTask and
// the service keeper all come through here; it plans only, the caller's update writes.
import type { TaskOverride } from '@aws-sdk/client-ecs';
import { newHexId, newUuid, parseArn } from '@longshore/base';
import type { Step, View } from '@longshore/store';
import type { DefinitionRecord } from './definitions.ts';
import { taskEvent } from './events.ts';
import { clusterInstances, findInstances, type InstanceRecord, reserveSteps } from './instances.ts';
import { ecsArn, lastPart } from './names.ts';
import { demandOf } from './placement/demand.ts';
import { refusals } from './placement/feasible.ts';
import { readOffers } from './placement/offers.ts';
import { place, type PlacementFailure } from './placement/place.ts';
import type { Demand, Rules } from './placement/types.ts';
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
  readonly rules: Rules;
  readonly tags: readonly CleanTag[];
  /** With what its load balancers and registries are told of the tasks. */
  readonly targets?: TaskTargets | undefined;
}

export interface LaunchFailure {
  readonly arn: string;
  readonly reason: string;
}

export interface LaunchPlan {
  readonly tasks: readonly TaskRecord[];
  readonly failures: readonly LaunchFailure[];
  readonly steps: readonly Step[];
  /** Instances of the cluster that were looked at; 0 means that it has none. */
  readonly considered: number;
}

/** Candidates read in the first round; enough for any RunTask, and no scan of a big cluster. */
const firstRound = 64;

interface Placed {
  readonly placed: readonly string[];
  readonly failures: readonly LaunchFailure[];
  readonly instances: readonly InstanceRecord[];
}

/** First fit looks at a bounded number of instances that have room; only if they do not suffice, at all of them. */
async function choose(view: View, order: LaunchOrder, demand: Demand): Promise<Placed> {
  const attempt = async (instances: InstanceRecord[]) => {
    const offers = await readOffers(view, instances, demand, order.rules, order.group);
    return { ...place(offers, demand, order.count, order.rules, Math.random), instances };
  };
  if (order.rules.strategies.length === 0) {
    const fit = { cpu: demand.cpu, memory: demand.memory, limit: firstRound };
    const quick = await attempt(await clusterInstances(view, order.clusterArn, fit));
    if (quick.placed.length === order.count) return { ...quick, failures: [] };
  }
  const full = await attempt(await clusterInstances(view, order.clusterArn));
  return { ...full, failures: full.failures.map(publicFailure) };
}

/** ECS has no word of its own for an instance that already has a task of the group. */
function publicFailure(failure: PlacementFailure): LaunchFailure {
  return {
    arn: failure.arn,
    reason: failure.reason === 'DISTINCT_INSTANCE' ? 'MemberOf placement constraint unsatisfied.' : failure.reason,
  };
}

async function named(view: View, order: LaunchOrder, arns: readonly string[], demand: Demand): Promise<Placed> {
  const instances = (await findInstances(view, arns)).filter(
    (each) => each.clusterArn === order.clusterArn && each.status !== 'INACTIVE',
  );
  const offers = new Map((await readOffers(view, instances, demand, order.rules, order.group)).map((o) => [o.arn, o]));
  const failures: LaunchFailure[] = [];
  const placed: string[] = [];
  for (const arn of new Set(arns)) {
    const offer = offers.get(arn);
    // StartTask may use a draining instance; it is the caller who places.
    const reason = offer === undefined ? 'MISSING' : refusals(offer, demand, order.rules)[0];
    if (reason === undefined) placed.push(arn);
    else failures.push({ arn, reason });
  }
  return { placed, failures, instances };
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

function newTask(order: LaunchOrder, demand: Demand, instance: InstanceRecord, now: number): TaskRecord {
  const id = newHexId();
  const cluster = parseArn(order.clusterArn);
  const zone = instance.attributes.find((each) => each.name === 'ecs.availability-zone')?.value;
  const architecture = instance.attributes.find((each) => each.name === 'ecs.cpu-architecture');
  const place = { region: cluster?.region ?? '', account: order.account };
  return {
    arn: ecsArn(place, 'task', `${lastPart(order.clusterArn)}/${id}`),
    account: order.account,
    clusterArn: order.clusterArn,
    instanceArn: instance.arn,
    definitionArn: order.definition.arn,
    family: order.definition.family,
    launchType: order.launchType,
    startedBy: order.startedBy,
    group: order.group,
    serviceArn: order.serviceArn,
    desiredStatus: 'RUNNING',
    lastStatus: 'PENDING',
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
      attributes: architecture === undefined ? [] : [architecture],
      containers: newContainers(order, id),
      availabilityZone: zone,
      ...(order.targets && { targets: order.targets }),
    },
  };
}

/** Plans tasks and their reservation. Nothing is thrown for want of room: see `failures`. */
export async function planLaunch(view: View, order: LaunchOrder, now: number): Promise<LaunchPlan> {
  const demand = demandOf(order.definition.document, order.overrides);
  const { placed, failures, instances } =
    order.instances === undefined
      ? await choose(view, order, demand)
      : await named(view, order, order.instances, demand);
  const byArn = new Map(instances.map((each) => [each.arn, each]));
  const tasks = placed.flatMap((arn) => {
    const instance = byArn.get(arn);
    return instance === undefined ? [] : [newTask(order, demand, instance, now)];
  });
  const steps = tasks.flatMap((task) => [
    ...reserveSteps({ ...demand, instanceArn: task.instanceArn, taskArn: task.arn }),
    insertTask(task),
    ...tagSteps(task.arn, order.tags),
    taskEvent(task, now),
  ]);
  return { tasks, failures: failures.slice(0, 100), steps, considered: instances.length };
}

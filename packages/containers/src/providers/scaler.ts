// Managed scaling as a loop: looks at each capacity provider of each cluster, plans, and asks the provider's group of
// machines. One replica does it (a lease); everything it asks for is in the store first.
import { errorText, type LoopService, loopService, newUuid } from '@longshore/base';
import { acquireLease, ConflictError, holdsLease, type Lease, sql } from '@longshore/store';
import type { ClusterRecord } from '../clusters.ts';
import type { Core } from '../core.ts';
import { deregisterSteps } from '../deregister.ts';
import { instanceEvent } from '../events.ts';
import { clusterInstances, findInstance, type InstanceRecord } from '../instances.ts';
import { lastPart } from '../names.ts';
import type { MachineGroup } from '../types.ts';
import { clustersWithMachines, clustersWithProvider } from './clusters-with.ts';
import { findMachines, forgetMachine, insertMachine, machineIs, type MachineRecord } from './machines.ts';
import {
  allProviders,
  attributeOf,
  groupName,
  machineAttribute,
  providerAttribute,
  type ProviderRecord,
} from './records.ts';
import { planScaling, type Size } from './scaling.ts';

const everyMs = 2_000;
const leaseName = 'container capacity scaling';
const leaseMs = 15_000;
/** Between two looks at what a group has. */
const listEveryMs = 10_000;
const firstRetryMs = 2_000;
const longestRetryMs = 60_000;
/** An instance that has just joined counts as coming: tasks that wait for it are about to be placed. */
const justJoinedMs = 5_000;
/** A machine that was asked for gets this long to join at least, whatever the warm-up. */
const leastJoinMs = 60_000;

export interface ScalerOptions {
  /** How long an instance must run no task before it is let go. */
  readonly scaleInAfterMs: number;
}

interface Scope {
  readonly core: Core;
  readonly provider: ProviderRecord;
  readonly cluster: ClusterRecord;
  readonly group: MachineGroup;
  /** False once the cluster does not have the provider any more: then its machines only go. */
  readonly wanted: boolean;
  readonly lease: Lease;
  readonly now: number;
}

interface Fleet {
  readonly machines: readonly MachineRecord[];
  /** Instances of the provider that are not INACTIVE. */
  readonly instances: readonly InstanceRecord[];
  readonly tasks: ReadonlyMap<string, number>;
}

const machineOf = (instance: InstanceRecord) => attributeOf(instance.attributes, machineAttribute);

async function readFleet({ core, provider, cluster }: Scope): Promise<Fleet> {
  const all = await clusterInstances(core.store, cluster.arn);
  const instances = all.filter((each) => attributeOf(each.attributes, providerAttribute) === provider.name);
  const rows = await core.store.all<{ instance_arn: string; n: number }>(
    sql`SELECT instance_arn, COUNT(*) AS n FROM ecs_tasks WHERE cluster_arn = ${cluster.arn}
      AND last_status <> 'STOPPED' GROUP BY instance_arn`,
  );
  return {
    machines: await findMachines(core.store, provider.arn, cluster.arn),
    instances,
    tasks: new Map(rows.map((row) => [row.instance_arn, Number(row.n)])),
  };
}

/** Asks the group for a machine, or for the answer to an earlier asking. */
async function ask({ core, provider, cluster, group }: Scope, machine: MachineRecord): Promise<void> {
  const id = await group.launch({
    token: machine.token,
    cluster: lastPart(cluster.arn),
    attributes: { [providerAttribute]: provider.name },
  });
  await core.store.write([machineIs(machine.token, 'there', id)]);
  core.log.info({ provider: provider.arn, machine: id }, 'a machine was asked for');
}

/** Takes the machine away and its instance out of the cluster. */
async function dismiss(
  { core, provider, group, now }: Scope,
  machine: MachineRecord,
  instance: InstanceRecord | undefined,
) {
  if (machine.machineId !== '') await group.terminate(machine.machineId);
  await core.store.update(async (view) => {
    const known = instance && (await findInstance(view, instance.arn));
    const steps = known === undefined || known.status === 'INACTIVE' ? [] : await deregisterSteps(view, known, now);
    return { steps: [...steps, forgetMachine(machine.token)], result: undefined };
  });
  core.wakeKeeper();
  core.log.info({ provider: provider.arn, machine: machine.machineId }, 'a machine was let go');
}

/** Marks an empty instance as leaving. False if a task came to it meanwhile. */
async function retire({ core, now }: Scope, machine: MachineRecord, instance: InstanceRecord): Promise<boolean> {
  const step = {
    // The version guards against a task that is placed on it meanwhile.
    sql: sql`UPDATE ecs_instances SET status = 'DRAINING', version = version + 1
      WHERE arn = ${instance.arn} AND status = 'ACTIVE' AND version = ${instance.version}`,
    expect: 1,
  };
  try {
    const event = instanceEvent(instance, now, { status: 'DRAINING', connected: instance.connected });
    await core.store.write([step, machineIs(machine.token, 'leaving', machine.machineId), event]);
    return true;
  } catch (error) {
    if (error instanceof ConflictError) return false;
    throw error;
  }
}

async function waitingOn({ core, provider, cluster }: Scope): Promise<Size[]> {
  const rows = await core.store.all<{ cpu: number; memory: number; document: string }>(
    sql`SELECT cpu, memory, document FROM ecs_tasks WHERE last_status = 'PROVISIONING' AND cluster_arn = ${cluster.arn}
      AND instance_arn = '' AND desired_status = 'RUNNING' LIMIT 1000`,
  );
  const mine = (row: { readonly document: string }) =>
    (JSON.parse(row.document) as { readonly capacityProviderName?: string }).capacityProviderName === provider.name;
  return rows.filter(mine).map(({ cpu, memory }) => ({ cpu, memory }));
}

/** What one instance offers: as those that are there, else as the group says. */
function sizeOf(fleet: Fleet, group: MachineGroup): Size {
  const [known] = fleet.instances.toSorted((a, b) => b.registeredAt - a.registeredAt);
  return known === undefined ? group.size : { cpu: known.cpuRegistered, memory: known.memoryRegistered };
}

export function capacityScaler(core: Core, options: ScalerOptions): LoopService {
  /** Since when an instance runs nothing. */
  const emptySince = new Map<string, number>();

  /** When a machine that could not be had is asked for again, and after which pause that was. */
  const retries = new Map<string, { readonly at: number; readonly pause: number }>();
  /** What the groups last listed; programs of clouds are not asked every round. */
  const lists = new Map<string, { readonly at: number; readonly ids: ReadonlySet<string> }>();

  /** Asks for all at once; what fails is asked for again after a pause that grows. */
  async function askAll(scope: Scope, machines: readonly MachineRecord[]): Promise<void> {
    const due = machines.filter((each) => (retries.get(each.token)?.at ?? 0) <= scope.now);
    if (due.length === 0) return;
    const asked = await Promise.allSettled(due.map((machine) => ask(scope, machine)));
    lists.delete(scope.provider.arn);
    for (const [i, { token }] of due.entries()) {
      const outcome = asked[i];
      if (outcome?.status !== 'rejected') {
        retries.delete(token);
        continue;
      }
      const pause = Math.min(longestRetryMs, (retries.get(token)?.pause ?? firstRetryMs / 2) * 2);
      retries.set(token, { at: scope.now + pause, pause });
      const problem = errorText(outcome.reason);
      core.log.error({ provider: scope.provider.arn, problem }, 'a machine could not be had; it is asked for again');
    }
  }

  async function listed({ provider, group, now }: Scope): Promise<ReadonlySet<string>> {
    const known = lists.get(provider.arn);
    if (known !== undefined && now - known.at < listEveryMs) return known.ids;
    const ids = new Set(await group.list());
    lists.set(provider.arn, { at: now, ids });
    return ids;
  }

  /** Asked for and not answered, there and never joined, vanished, leaving: each is brought one step further. */
  async function tend(scope: Scope, fleet: Fleet): Promise<void> {
    if (fleet.machines.length === 0) return;
    const { provider, now } = scope;
    const { managedScaling, managedDraining, managedTerminationProtection } = provider.document;
    const joinMs = Math.max(leastJoinMs, managedScaling.instanceWarmupPeriod * 1000);
    const asked = fleet.machines.filter((each) => each.state === 'asked');
    await askAll(scope, asked);
    const existing = await listed(scope);
    for (const machine of fleet.machines) {
      if (machine.state === 'asked') continue;
      const instance = fleet.instances.find((each) => machineOf(each) === machine.machineId);
      // A cloud may need a while until its list has a new machine.
      const isOld = instance !== undefined || now - machine.askedAt > leastJoinMs;
      if (!existing.has(machine.machineId) && isOld) await dismiss(scope, machine, instance);
      else if (machine.state === 'leaving') {
        const tasks = instance === undefined ? 0 : (fleet.tasks.get(instance.arn) ?? 0);
        const waits = managedDraining === 'ENABLED' || managedTerminationProtection === 'ENABLED';
        if (tasks > 0 && waits) continue;
        await dismiss(scope, machine, instance);
        lists.delete(provider.arn);
      } else if (instance === undefined && now - machine.askedAt > joinMs) {
        core.log.warn({ provider: provider.arn, machine: machine.machineId }, 'a machine never joined its cluster');
        await dismiss(scope, machine, undefined);
      }
    }
  }

  function noteEmpty(fleet: Fleet, now: number): readonly InstanceRecord[] {
    const empty = fleet.instances.filter((each) => each.status === 'ACTIVE' && (fleet.tasks.get(each.arn) ?? 0) === 0);
    for (const each of fleet.instances) if (!empty.includes(each)) emptySince.delete(each.arn);
    for (const each of empty) if (!emptySince.has(each.arn)) emptySince.set(each.arn, now);
    return empty;
  }

  async function scale(scope: Scope): Promise<void> {
    const { provider, cluster, group, now } = scope;
    await tend(scope, await readFleet(scope));
    const fleet = await readFleet(scope);
    const { managedScaling } = provider.document;
    const empty = noteEmpty(fleet, now);
    const isNew = (each: InstanceRecord) => now - each.registeredAt < justJoinedMs && empty.includes(each);
    const settled = fleet.instances.filter((each) => !isNew(each));
    const usable = settled.filter((each) => each.status === 'ACTIVE' && each.connected);
    const joined = new Set(settled.map(machineOf));
    const plan = planScaling(
      {
        present: usable.length,
        empty: empty.filter((each) => each.connected && !isNew(each)).length,
        coming: fleet.machines.filter((each) => each.state !== 'leaving' && !joined.has(each.machineId)).length,
        machines: fleet.machines.length,
        waiting: scope.wanted ? await waitingOn(scope) : [],
        instance: sizeOf(fleet, group),
      },
      { ...managedScaling, minSize: scope.wanted ? group.minSize : 0, maxSize: scope.wanted ? group.maxSize : 0 },
    );
    core.counters.reservation.set(plan.reservation, { cluster: lastPart(cluster.arn), provider: provider.name });
    const news = Array.from(
      { length: plan.launch },
      (): MachineRecord => ({
        token: newUuid(),
        providerArn: provider.arn,
        clusterArn: cluster.arn,
        machineId: '',
        state: 'asked',
        askedAt: now,
      }),
    );
    // All of them in the store before the first is asked for: whoever scales next counts them.
    if (news.length > 0) await core.store.write([holdsLease(scope.lease), ...news.map(insertMachine)]);
    await askAll(scope, news);
    let left = plan.release;
    for (const instance of empty.toSorted((a, b) => a.registeredAt - b.registeredAt)) {
      const machine = fleet.machines.find((each) => each.machineId === machineOf(instance) && each.state === 'there');
      const since = emptySince.get(instance.arn) ?? now;
      // Of a cluster that has given the provider up, nothing is waited for.
      const rests = scope.wanted && now - since < options.scaleInAfterMs;
      if (left === 0 || machine === undefined || rests) continue;
      if (await retire(scope, machine, instance)) left -= 1;
    }
    if (left < plan.release) loop.wake();
  }

  const loop = loopService({
    id: 'container capacity scaling',
    everyMs,
    log: core.log,
    clock: core.clock,
    async step({ signal }) {
      const providers = await allProviders(core.store);
      if (providers.length === 0) return;
      for (const provider of providers) {
        if (provider.document.managedScaling.status !== 'ENABLED') continue;
        const group = core.machineGroup(provider.account, groupName(provider.document.autoScalingGroupArn));
        if (group === undefined) continue;
        const has = await clustersWithProvider(core.store, provider);
        const left = (await clustersWithMachines(core.store, provider.arn)).filter(
          (each) => !has.some((one) => one.arn === each.arn),
        );
        for (const cluster of [...has, ...left]) {
          if (signal.aborted) return;
          const lease = await acquireLease(core.store, leaseName, core.replica, leaseMs, core.clock);
          if (lease === undefined) return;
          try {
            await scale({
              core,
              provider,
              cluster,
              group,
              wanted: has.includes(cluster),
              lease,
              now: core.clock.now(),
            });
          } catch (error) {
            core.log.error(
              { provider: provider.arn, problem: errorText(error) },
              'a capacity provider could not be scaled',
            );
          }
        }
      }
    },
  });
  return loop;
}

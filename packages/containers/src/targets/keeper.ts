// Keeps target groups and service discovery at what tasks there are, notes what load balancers say of each task, and lets a
// task that is to stop go to its agent only when its last connection is gone. A lease lets one replica do it at a time: an
// older look at the tasks must not undo what a newer one did.
import { type LoopService, loopService } from '@longshore/base';
import { acquireLease, ConflictError, type Lease, type Step, sql } from '@longshore/store';
import type { Core } from '../core.ts';
import { letGo } from '../task-state.ts';
import { moveTaskSteps } from '../task-steps.ts';
import { findTask } from '../tasks.ts';
import { planConsequences, planRegistrations } from './plan.ts';
import { anyAttached, attachedTasks, machinesOf } from './read.ts';

const everyMs = 1_000;
const quickMs = 200;
const leaseMs = 10_000;

async function free(core: Core, arn: string): Promise<void> {
  const now = core.clock.now();
  const task = await core.store.update(async (view) => {
    const before = await findTask(view, arn);
    const after = before && letGo(before);
    if (before === undefined || after === undefined) return { steps: [], result: undefined };
    return { steps: moveTaskSteps(before, after, now), result: after };
  });
  if (task !== undefined) core.wakeInstance(task.instanceArn);
}

/** One round. Resolves to whether the next should come soon. */
async function keepTargets(core: Core, hadAny: boolean): Promise<{ readonly any: boolean; readonly moving: boolean }> {
  const tasks = await attachedTasks(core.store);
  if (tasks.length === 0 && !hadAny) return { any: false, moving: false };
  const machines = await machinesOf(core.store, tasks);
  const { targets, instances } = planRegistrations(tasks, machines);
  await core.serviceDiscovery?.setInstances(instances);
  const states = (await core.loadBalancing?.setTargets(targets)) ?? [];
  const { health, free: freed, moving } = planConsequences(tasks, states);
  const notes: Step[] = health.map((each) => ({
    sql: sql`UPDATE ecs_tasks SET target_health = ${each.health} WHERE arn = ${each.arn} AND attached = 1`,
  }));
  if (notes.length > 0) await core.store.write(notes);
  for (const arn of freed) {
    try {
      await free(core, arn);
    } catch (error) {
      // It changes all the time; the next round finds it as it is then.
      if (!(error instanceof ConflictError)) throw error;
    }
  }
  if (health.length > 0 || freed.length > 0) core.wakeKeeper();
  return { any: tasks.length > 0 || states.length > 0, moving };
}

export function targetKeeper(core: Core): LoopService {
  // At the first round there may be targets of tasks that are gone.
  let hadAny = true;
  let hurry: Promise<void> | undefined;
  let lease: Lease | undefined;

  const loop = loopService({
    id: 'container target keeper',
    everyMs,
    log: core.log,
    clock: core.clock,
    async step({ signal }) {
      if (!hadAny && !(await anyAttached(core.store))) return;
      if (lease === undefined || lease.expires - core.clock.now() < leaseMs / 2)
        lease = await acquireLease(core.store, 'containers/targets', core.replica, leaseMs, core.clock);
      if (lease === undefined) return;
      const { any, moving } = await keepTargets(core, hadAny);
      hadAny = any;
      if (!moving || hurry !== undefined) return;
      hurry = core.clock.sleep(quickMs, signal).then(() => {
        hurry = undefined;
        loop.wake();
      });
    },
  });
  return loop;
}

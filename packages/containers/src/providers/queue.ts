// The queue of tasks that wait for capacity: tried again when an agent connects, when something ends, and every few
// seconds. Tasks of one kind are placed together. Who waits for too long is stopped, as in ECS.
import { errorText, type LoopService, loopService } from '@longshore/base';
import { ConflictError } from '@longshore/store';
import type { Core } from '../core.ts';
import { findDefinitionByArn } from '../definitions.ts';
import { planLaunch } from '../launch.ts';
import { askToStop } from '../task-state.ts';
import { moveTaskSteps } from '../task-steps.ts';
import { findTasksByArn, type TaskRecord } from '../tasks.ts';
import { readWishes, waitingTasks } from './waiting.ts';

const everyMs = 3_000;
const waitMs = 15 * 60_000;
const perRound = 2_000;
const batch = 50;

/** Tasks that one order can place together. */
function kindOf(task: TaskRecord): string {
  const { capacityProviderName, wishes, overrides, targets } = task.document;
  return JSON.stringify([
    task.clusterArn,
    task.definitionArn,
    task.group,
    task.startedBy,
    task.launchType,
    task.serviceArn,
    capacityProviderName,
    wishes,
    overrides,
    targets,
  ]);
}

/** Places as many of these tasks of one kind as there is room for; gives how many. */
async function placeBatch(core: Core, arns: readonly string[]): Promise<number> {
  const now = core.clock.now();
  const placed = await core.store.update(async (view) => {
    const tasks = (await findTasksByArn(view, arns)).filter(
      (each) => each.lastStatus === 'PROVISIONING' && each.instanceArn === '' && each.desiredStatus === 'RUNNING',
    );
    const [first] = tasks;
    const definition = first && (await findDefinitionByArn(view, first.definitionArn));
    if (first === undefined || definition === undefined) return { steps: [], result: [] };
    const { wishes, overrides, targets, capacityProviderName } = first.document;
    const order = {
      account: first.account,
      clusterArn: first.clusterArn,
      definition,
      count: tasks.length,
      launchType: first.launchType,
      group: first.group,
      startedBy: first.startedBy,
      serviceArn: first.serviceArn,
      overrides,
      // The provider's own constraint is among the wishes.
      rules: readWishes(wishes),
      tags: [],
      networkConfiguration: wishes?.networkConfiguration,
      targets,
      capacityProvider: capacityProviderName,
      adopt: tasks,
    };
    const plan = await planLaunch(core, view, order, now);
    return { steps: plan.steps, result: plan.tasks };
  });
  core.counters.tasksStarted.add(placed.length);
  for (const instance of new Set(placed.map((task) => task.instanceArn))) core.wakeInstance(instance);
  return placed.length;
}

async function giveUp(core: Core, task: TaskRecord): Promise<void> {
  const now = core.clock.now();
  await core.store.update(async (view) => {
    const [before] = await findTasksByArn(view, [task.arn]);
    if (before === undefined || before.lastStatus !== 'PROVISIONING') return { steps: [], result: undefined };
    const after = askToStop(before, 'TaskFailedToStart', 'Timed out while waiting for capacity.', now);
    return { steps: after === undefined ? [] : moveTaskSteps(before, after, now), result: undefined };
  });
  core.wakeKeeper();
}

export function capacityQueue(core: Core): LoopService {
  return loopService({
    id: 'container capacity queue',
    everyMs,
    log: core.log,
    clock: core.clock,
    async step({ signal }) {
      const waiting = await waitingTasks(core.store, perRound);
      if (waiting.length === 0) return;
      const kinds = Map.groupBy(waiting, kindOf);
      for (const tasks of kinds.values()) {
        for (let at = 0; at < tasks.length && !signal.aborted; at += batch) {
          const arns = tasks.slice(at, at + batch).map((task) => task.arn);
          try {
            if ((await placeBatch(core, arns)) < arns.length) break;
          } catch (error) {
            // Another replica places them, or all room is being taken: the next round sees.
            if (!(error instanceof ConflictError))
              core.log.error({ problem: errorText(error) }, 'waiting tasks could not be placed');
            break;
          }
        }
      }
      const now = core.clock.now();
      for (const task of waiting) if (now - task.createdAt > waitMs) await giveUp(core, task);
    },
  });
}

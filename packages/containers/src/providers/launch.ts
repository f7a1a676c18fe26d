// Launching by a capacity provider strategy: the tasks are shared out among the providers, placed on the instances of each,
// and what finds no room there waits in PROVISIONING, if the provider scales, until machines have come.
import { sql, type Step, type View } from '@longshore/store';
import { taskEvent } from '../events.ts';
import type { LaunchFailure, LaunchOrder, LaunchPlan } from '../launch.ts';
import { parseArn } from '@longshore/base';
import { compileConstraint } from '../placement/language/compile.ts';
import { tagSteps } from '../tags.ts';
import { insertTask, type TaskRecord } from '../tasks.ts';
import { findProviders, providerArn, providerAttribute } from './records.ts';
import { distribute, type StrategyItem } from './strategy.ts';

/** ECS: a cluster has at most 500 tasks in PROVISIONING. */
const mostWaiting = 500;

export interface ProviderPlanner {
  /** Places an order whose rules say all. */
  place(order: LaunchOrder): Promise<LaunchPlan>;
  /** A task that has no instance yet. */
  waiting(order: LaunchOrder): TaskRecord;
}

/** The order for the instances of one provider. */
export function onProvider(order: LaunchOrder, name: string, count: number): LaunchOrder {
  const here = compileConstraint(`attribute:${providerAttribute} == ${name}`);
  const { strategy: _, ...rest } = order;
  return {
    ...rest,
    count,
    capacityProvider: name,
    rules: { ...order.rules, memberOf: [...order.rules.memberOf, here] },
  };
}

/** The service's tasks by provider; only a service with a choice needs to know. */
async function existingTasks(
  view: View,
  order: LaunchOrder,
  items: readonly StrategyItem[],
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  if (order.serviceArn === '' || items.length < 2) return counts;
  const rows = await view.all<{ document: string }>(
    sql`SELECT document FROM ecs_tasks WHERE service_arn = ${order.serviceArn} AND desired_status = 'RUNNING'
      AND last_status <> 'STOPPED' LIMIT 5000`,
  );
  for (const row of rows) {
    const { capacityProviderName: name } = JSON.parse(row.document) as { readonly capacityProviderName?: string };
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

async function roomToWait(view: View, clusterArn: string): Promise<number> {
  const row = await view.get<{ n: number }>(
    sql`SELECT COUNT(*) AS n FROM ecs_tasks WHERE cluster_arn = ${clusterArn} AND last_status = 'PROVISIONING'`,
  );
  return Math.max(0, mostWaiting - Number(row?.n ?? 0));
}

export async function planWithProviders(
  view: View,
  order: LaunchOrder,
  items: readonly StrategyItem[],
  planner: ProviderPlanner,
  now: number,
): Promise<LaunchPlan> {
  const shares = distribute(order.count, items, await existingTasks(view, order, items));
  const place = { region: parseArn(order.clusterArn)?.region ?? '', account: order.account };
  const arns = items.map((each) => providerArn(place, each.capacityProvider));
  const scaling = new Set(
    (await findProviders(view, arns))
      .filter((each) => each.document.managedScaling.status === 'ENABLED')
      .map((each) => each.name),
  );
  let room = await roomToWait(view, order.clusterArn);
  const tasks: TaskRecord[] = [];
  const failures: LaunchFailure[] = [];
  const steps: Step[] = [];
  for (const [name, count] of shares) {
    if (count === 0) continue;
    const mine = onProvider(order, name, count);
    const plan = await planner.place(mine);
    tasks.push(...plan.tasks);
    steps.push(...plan.steps);
    const missing = count - plan.tasks.length;
    const wait = scaling.has(name) ? Math.min(missing, room) : 0;
    if (missing > wait)
      failures.push(
        ...(plan.failures.length > 0 ? plan.failures : [{ arn: providerArn(place, name), reason: 'CAPACITY' }]),
      );
    room -= wait;
    for (let i = 0; i < wait; i++) {
      const task = planner.waiting(mine);
      tasks.push(task);
      steps.push(insertTask(task), ...tagSteps(task.arn, order.tags), taskEvent(task, now));
    }
  }
  return { tasks, failures, steps, considered: Math.max(1, tasks.length) };
}

// Marks an instance's tasks as connected or not: `connectivity`, as DescribeTasks shows it.
import { type Step, sql, type View } from '@longshore/store';
import { markConnectivity } from '../task-state.ts';
import { moveTaskSteps } from '../task-steps.ts';
import { findTasks } from '../tasks.ts';

/** The steps that mark an instance's tasks as connected or not. */
export async function connectivitySteps(
  view: View,
  instanceArn: string,
  connectivity: 'CONNECTED' | 'DISCONNECTED',
  now: number,
): Promise<Step[]> {
  const tasks = await findTasks(view, sql`instance_arn = ${instanceArn} AND last_status <> 'STOPPED'`);
  return tasks.flatMap((before) => {
    const after = markConnectivity(before, connectivity, now);
    return after === undefined ? [] : moveTaskSteps(before, after, now);
  });
}

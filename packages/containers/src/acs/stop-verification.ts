// The answer to an agent that holds tasks which its manifest did not name: only those that truly should stop.
import type { AcsTaskIdentifier } from '@longshore/aws';
import { sql, sqlList, type View } from '@longshore/store';
import type { DesiredStatus, TaskStatus } from '../tasks.ts';

interface Known {
  readonly arn: string;
  readonly instance_arn: string;
  readonly desired_status: DesiredStatus;
  readonly last_status: TaskStatus;
}

/** A task may run on only if it is this instance's, is desired to run, and is not known to have stopped. */
export function shouldStop(known: Known | undefined, instanceArn: string): boolean {
  if (known === undefined || known.instance_arn !== instanceArn) return true;
  // It is drained first.
  if (known.last_status === 'DEACTIVATING') return false;
  return known.desired_status === 'STOPPED' || known.last_status === 'STOPPED';
}

export async function verifyStops(
  view: View,
  instanceArn: string,
  clusterArn: string,
  candidates: readonly { readonly taskArn: string }[],
): Promise<AcsTaskIdentifier[]> {
  const stop: AcsTaskIdentifier[] = [];
  for (let at = 0; at < candidates.length; at += 200) {
    const arns = candidates.slice(at, at + 200).map((each) => each.taskArn);
    const rows = await view.all<Known>(
      sql`SELECT arn, instance_arn, desired_status, last_status FROM ecs_tasks WHERE arn IN (${sqlList(arns)})`,
    );
    const byArn = new Map(rows.map((row) => [row.arn, row]));
    for (const taskArn of arns)
      if (shouldStop(byArn.get(taskArn), instanceArn))
        stop.push({ taskArn, taskClusterArn: clusterArn, desiredStatus: 'STOPPED' });
  }
  return stop;
}

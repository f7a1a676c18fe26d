// Task protection: until when neither scaling in nor a deployment may stop a service's task. A column of its own, which
// is no event of the task; the keeper's stops ask for it in the write that stops.
import type { Failure, ProtectedTask } from '@aws-sdk/client-ecs';
import { type Step, sql, sqlList, type View } from '@longshore/store';
import { dateOf } from './documents.ts';

export interface Protection {
  readonly arn: string;
  readonly clusterArn: string;
  readonly serviceArn: string;
  readonly stopping: boolean;
  /** 0 if it is not protected. */
  readonly until: number;
}

export async function findProtections(view: View, arns: readonly string[]): Promise<Map<string, Protection>> {
  if (arns.length === 0) return new Map();
  const rows = await view.all<{
    arn: string;
    cluster_arn: string;
    service_arn: string;
    desired_status: string;
    protected_until: number;
  }>(sql`SELECT arn, cluster_arn, service_arn, desired_status, protected_until FROM ecs_tasks
      WHERE arn IN (${sqlList(arns)})`);
  return new Map(
    rows.map((row) => [
      row.arn,
      {
        arn: row.arn,
        clusterArn: row.cluster_arn,
        serviceArn: row.service_arn,
        stopping: row.desired_status !== 'RUNNING',
        until: Number(row.protected_until),
      },
    ]),
  );
}

/** Why a task can have no protection; undefined if it can. The reasons are ECS's. */
export function protectionFailure(arn: string, clusterArn: string, task: Protection | undefined): Failure | undefined {
  if (task === undefined || task.clusterArn !== clusterArn)
    return { arn, reason: 'MISSING', detail: 'The specified task could not be found.' };
  if (task.serviceArn === '')
    return { arn, reason: 'TASK_NOT_VALID', detail: 'The specified task is not part of an Amazon ECS service.' };
  return undefined;
}

export function shapeProtection(arn: string, until: number, now: number): ProtectedTask {
  const enabled = until > now;
  return { taskArn: arn, protectionEnabled: enabled, expirationDate: enabled ? dateOf(until) : undefined };
}

/** Conflicts if the task was told to stop meanwhile. */
export function protectStep(arn: string, until: number): Step {
  return {
    sql: sql`UPDATE ecs_tasks SET protected_until = ${until} WHERE arn = ${arn} AND desired_status = 'RUNNING'`,
    expect: 1,
  };
}

/** Fails the write if one of the tasks has been protected since it was planned. */
export function unprotectedStep(arns: readonly string[], now: number): Step {
  return {
    sql: sql`UPDATE ecs_tasks SET protected_until = protected_until
      WHERE arn IN (${sqlList(arns)}) AND protected_until > ${now}`,
    expect: 0,
  };
}

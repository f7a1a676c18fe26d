// GetTaskProtection: whether tasks of services are protected, and until when; up to a hundred.
import { GetTaskProtection$, type GetTaskProtectionRequest, type GetTaskProtectionResponse } from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { sql } from '@longshore/store';
import { memberAccess } from '../access.ts';
import { requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { invalidParameter } from '../errors.ts';
import { inClusterArn } from '../names.ts';
import { findProtections, protectionFailure, shapeProtection } from '../protection.ts';

export function getTaskProtection(core: Core) {
  return operation<GetTaskProtectionRequest, GetTaskProtectionResponse>({
    name: 'GetTaskProtection',
    schema: GetTaskProtection$,
    effect: 'read',
    access: (input, call) => memberAccess('task', input.cluster, input.tasks, call),
    async handle(input, call) {
      if ((input.tasks?.length ?? 0) > 100) throw invalidParameter('Tasks cannot have more than 100 entries.');
      const cluster = await requireCluster(core.store, placeOf(call), input.cluster);
      const named = input.tasks?.map((each) => inClusterArn('task', cluster.arn, each));
      const rows =
        named !== undefined && named.length > 0
          ? []
          : await core.store.all<{ arn: string }>(sql`SELECT arn FROM ecs_tasks WHERE cluster_arn = ${cluster.arn}
              AND last_status <> 'STOPPED' AND protected_until > ${call.now} ORDER BY arn LIMIT 100`);
      const arns = named !== undefined && named.length > 0 ? [...new Set(named)] : rows.map((row) => row.arn);
      const known = await findProtections(core.store, arns);
      const failures = arns.flatMap((arn) => protectionFailure(arn, cluster.arn, known.get(arn)) ?? []);
      const failed = new Set(failures.map((each) => each.arn));
      return {
        protectedTasks: arns
          .filter((arn) => !failed.has(arn))
          .map((arn) => shapeProtection(arn, known.get(arn)?.until ?? 0, call.now)),
        failures,
      };
    },
  });
}

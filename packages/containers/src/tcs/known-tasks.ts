// Which tasks an agent may speak of: those of its own instance. Remembered, so that a message costs no query.
import { sql, sqlList, type View } from '@longshore/store';
import type { AccountId } from '@longshore/base';
import { lastPart } from '../names.ts';

export interface KnownTask {
  readonly account: AccountId;
  readonly clusterArn: string;
  readonly family: string;
  readonly serviceName: string | undefined;
  readonly containers: readonly string[];
}

export interface KnownTasks {
  /** Those of `arns` that are tasks of the instance. */
  find(arns: readonly string[]): Promise<ReadonlyMap<string, KnownTask>>;
}

/** More than an instance can run; when it is full it starts over. */
const most = 2000;

export function knownTasks(view: View, instanceArn: string): KnownTasks {
  const known = new Map<string, KnownTask>();
  return {
    async find(arns) {
      const missing = arns.filter((arn) => !known.has(arn));
      if (missing.length > 0) {
        if (known.size > most) known.clear();
        const rows = await view.all<{
          arn: string;
          account: string;
          cluster_arn: string;
          family: string;
          service_arn: string;
          document: string;
        }>(
          sql`SELECT arn, account, cluster_arn, family, service_arn, document FROM ecs_tasks
            WHERE instance_arn = ${instanceArn} AND arn IN (${sqlList(missing)})`,
        );
        for (const row of rows) {
          const document = JSON.parse(row.document) as { readonly containers: readonly { readonly name: string }[] };
          known.set(row.arn, {
            account: row.account as AccountId,
            clusterArn: row.cluster_arn,
            family: row.family,
            serviceName: row.service_arn === '' ? undefined : lastPart(row.service_arn),
            containers: document.containers.map((each) => each.name),
          });
        }
      }
      return new Map(
        arns.flatMap((arn) => {
          const task = known.get(arn);
          return task === undefined ? [] : [[arn, task] as const];
        }),
      );
    },
  };
}

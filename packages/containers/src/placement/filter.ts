// Instances of a cluster that an expression of the query language selects, read from the store in ARN order.
import { type Sql, sql, type View } from '@longshore/store';
import type { Constraint } from './language/compile.ts';
import { readOffers, readRunning } from './read-offers.ts';

const chunk = 500;

/** Up to `limit` ARNs after `after`; `where` says which rows come into question. */
export async function selectInstances(
  view: View,
  clusterArn: string,
  where: Sql,
  constraint: Constraint,
  page: { readonly after: string; readonly limit: number },
): Promise<{ arn: string }[]> {
  const running = constraint.countsRunning ? await readRunning(view, clusterArn) : undefined;
  const found: { arn: string }[] = [];
  for (let after = page.after; found.length < page.limit; ) {
    const rows = await view.all<{ arn: string }>(
      sql`SELECT arn FROM ecs_instances WHERE cluster_arn = ${clusterArn} AND ${where} AND arn > ${after}
        ORDER BY arn LIMIT ${chunk}`,
    );
    const arns = rows.map((row) => row.arn);
    const offers = await readOffers(view, arns, new Map());
    for (const arn of arns) {
      const offer = offers.get(arn)?.offer;
      if (offer !== undefined && constraint.test({ ...offer, runningTasks: running?.get(arn) ?? 0 }))
        found.push({ arn });
    }
    after = arns.at(-1) ?? '';
    if (arns.length < chunk) break;
  }
  return found.slice(0, page.limit);
}

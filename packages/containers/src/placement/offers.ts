// Reads what instances offer from the store.
import { sql, sqlList, type View } from '@longshore/store';
import { type InstanceRecord, usedPorts } from '../instances.ts';
import type { Demand, Offer, Rules } from './types.ts';

async function groupCounts(view: View, arns: readonly string[], group: string): Promise<Map<string, number>> {
  const rows = await view.all<{ instance_arn: string; n: number }>(
    sql`SELECT instance_arn, COUNT(*) AS n FROM ecs_tasks WHERE instance_arn IN (${sqlList(arns)})
      AND task_group = ${group} AND last_status <> 'STOPPED' GROUP BY instance_arn`,
  );
  return new Map(rows.map((row) => [row.instance_arn, Number(row.n)]));
}

/** Ports are read only if the task needs host ports, the group's tasks only if a rule counts them. */
export async function readOffers(
  view: View,
  instances: readonly InstanceRecord[],
  demand: Demand,
  rules: Rules,
  group: string,
): Promise<Offer[]> {
  if (instances.length === 0) return [];
  const arns = instances.map((each) => each.arn);
  const needsPorts = demand.tcp.length > 0 || demand.udp.length > 0;
  const counts = rules.distinctInstance || rules.strategies.some((each) => each.type === 'spread');
  const used = needsPorts ? await usedPorts(view, arns) : [];
  const groups = counts ? await groupCounts(view, arns, group) : new Map<string, number>();
  const tcp = new Map(arns.map((arn) => [arn, new Set<number>()]));
  const udp = new Map(arns.map((arn) => [arn, new Set<number>()]));
  for (const { instanceArn, protocol, port } of used) (protocol === 'tcp' ? tcp : udp).get(instanceArn)?.add(port);
  return instances.map((each) => ({
    arn: each.arn,
    status: each.status,
    connected: each.connected,
    cpu: each.cpuRemaining,
    memory: each.memoryRemaining,
    tcp: tcp.get(each.arn) ?? new Set(),
    udp: udp.get(each.arn) ?? new Set(),
    attributes: new Map(each.attributes.map(({ name, value }) => [name ?? '', value ?? ''])),
    sameGroup: groups.get(each.arn) ?? 0,
  }));
}

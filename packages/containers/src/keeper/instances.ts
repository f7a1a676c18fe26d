// What services see of the instances of their cluster: where one of their tasks could be, and in which zones. Read only for
// those that need it.
import { sql, sqlList, type View } from '@longshore/store';
import type { Core } from '../core.ts';
import { findDefinitionByArn } from '../definitions.ts';
import { rulesOf } from '../launch.ts';
import { demandOf } from '../placement/demand.ts';
import { refusals } from '../placement/feasible.ts';
import type { Offer, Reason } from '../placement/types.ts';
import type { ServiceRecord } from '../services/rows.ts';
import { placementWishes } from './wishes.ts';
import type { KeptInstance, KeptTask } from './types.ts';

/** Reasons that say that it suits never; the others pass. */
const lasting: ReadonlySet<Reason> = new Set(['ATTRIBUTE', 'MEMBER_OF']);

function zoneOf(offer: Offer | undefined): string {
  return offer?.attributes.get('ecs.availability-zone') ?? '';
}

/** Tasks on draining instances that no daemon service keeps, by instance. */
async function otherTasks(view: View, draining: readonly string[]): Promise<Map<string, number>> {
  if (draining.length === 0) return new Map();
  const rows = await view.all<{ instance_arn: string; n: number }>(
    sql`SELECT t.instance_arn, COUNT(*) AS n FROM ecs_tasks t LEFT JOIN ecs_services s ON s.arn = t.service_arn
      WHERE t.instance_arn IN (${sqlList(draining)}) AND t.last_status <> 'STOPPED'
        AND (s.arn IS NULL OR s.daemon = 0)
      GROUP BY t.instance_arn`,
  );
  return new Map(rows.map((row) => [row.instance_arn, Number(row.n)]));
}

async function lostInstances(view: View, clusterArn: string): Promise<Set<string>> {
  const rows = await view.all<{ arn: string }>(
    sql`SELECT arn FROM ecs_instances
      WHERE lost_due IS NOT NULL AND lost_at IS NOT NULL AND cluster_arn = ${clusterArn}`,
  );
  return new Set(rows.map((row) => row.arn));
}

export async function keptInstances(
  core: Pick<Core, 'capacity'>,
  view: View,
  service: ServiceRecord,
): Promise<KeptInstance[]> {
  const primary = service.document.deployments[0];
  const definition = primary === undefined ? undefined : await findDefinitionByArn(view, primary.definitionArn);
  if (definition === undefined) return [];
  const rules = rulesOf(definition, placementWishes(service.document), `service:${service.name}`);
  const demand = demandOf(definition.document, { containerOverrides: [], inferenceAcceleratorOverrides: [] });
  const needs = { running: rules.memberOf.some((each) => each.countsRunning) };
  const offers = [...(await core.capacity.roster(view, service.clusterArn, needs)).all()];
  const draining = offers.filter((each) => each.status === 'DRAINING').map((each) => each.arn);
  const [others, lost] = await Promise.all([otherTasks(view, draining), lostInstances(view, service.clusterArn)]);
  return offers.map((offer): KeptInstance => {
    const reasons = refusals(offer, demand, rules);
    return {
      arn: offer.arn,
      zone: zoneOf(offer),
      status: offer.status === 'DRAINING' ? 'DRAINING' : 'ACTIVE',
      connected: offer.connected,
      lost: lost.has(offer.arn),
      suits: !reasons.some((reason) => lasting.has(reason)),
      room: reasons.length === 0,
      others: others.get(offer.arn) ?? 0,
    };
  });
}

/** The tasks with the zones of their instances. Without them a plan is as right, but stops without regard to zones. */
export async function withZones(
  core: Pick<Core, 'capacity'>,
  view: View,
  clusterArn: string,
  tasks: readonly KeptTask[],
): Promise<KeptTask[]> {
  if (tasks.length === 0) return [];
  const roster = await core.capacity.roster(view, clusterArn);
  return tasks.map((task) => ({ ...task, zone: zoneOf(roster.get(task.instanceArn)) }));
}

// Reads what instances offer from the store: their rows, the host ports, GPUs and addresses in use, the tasks on them by
// group.
import type { Attribute } from '@aws-sdk/client-ecs';
import { type Sql, sql, type View } from '@longshore/store';
import { readDocument } from '../documents.ts';
import type { InstanceDocument, InstanceStatus } from '../instances.ts';
import { hostsOfSubnet } from '../network/subnets.ts';
import { paddedList } from '../padded-list.ts';
import type { Offer } from './types.ts';

interface Row {
  readonly arn: string;
  readonly status: InstanceStatus;
  readonly connected: number;
  readonly version: number;
  readonly registered_at: number;
  readonly cpu_remaining: number;
  readonly memory_remaining: number;
  readonly attributes: string;
  readonly document: string;
}

/** What was read of an instance: its offer, and what tells whether it must be read again. */
export interface ReadOffer {
  readonly version: number;
  readonly offer: Offer;
  readonly attributesText: string;
  readonly documentText: string;
}

const columns: Sql = sql`arn, status, connected, version, registered_at, cpu_remaining, memory_remaining, attributes, document`;

async function readGroups(view: View, arns: readonly string[]): Promise<Map<string, Map<string, number>>> {
  const rows = await view.all<{ instance_arn: string; task_group: string; tasks: number }>(
    sql`SELECT instance_arn, task_group, tasks FROM ecs_placed WHERE instance_arn IN (${paddedList(arns)})`,
  );
  const byInstance = new Map<string, Map<string, number>>();
  for (const { instance_arn: arn, task_group: group, tasks } of rows) {
    const groups = byInstance.get(arn) ?? new Map<string, number>();
    byInstance.set(arn, groups.set(group, tasks));
  }
  return byInstance;
}

type Taken = Readonly<Record<'tcp' | 'udp' | 'gpu', Set<number>>>;

interface Used extends Taken {
  /** As in an offer. */
  freeAddresses: number | undefined;
}

function isTaken(protocol: string): protocol is keyof Taken {
  return protocol === 'tcp' || protocol === 'udp' || protocol === 'gpu';
}

async function readUsed(view: View, arns: readonly string[]): Promise<Map<string, Used>> {
  const list = paddedList(arns);
  const rows = await view.all<{ instance_arn: string; kind: string; value: number }>(
    sql`SELECT instance_arn, protocol AS kind, port AS value FROM ecs_ports WHERE instance_arn IN (${list})
      UNION ALL SELECT s.instance_arn, 'addresses', (SELECT COUNT(*) FROM ecs_addresses a WHERE a.instance_arn = s.instance_arn)
        FROM ecs_subnets s WHERE s.instance_arn IN (${list})`,
  );
  const byInstance = new Map<string, Used>();
  for (const { instance_arn: arn, kind, value } of rows) {
    const used = byInstance.get(arn) ?? { tcp: new Set(), udp: new Set(), gpu: new Set(), freeAddresses: undefined };
    byInstance.set(arn, used);
    if (isTaken(kind)) used[kind].add(value);
    else if (kind === 'addresses') used.freeAddresses = hostsOfSubnet - Number(value);
  }
  return byInstance;
}

const none: ReadonlySet<number> = Object.freeze(new Set<number>());
const noGroups: ReadonlyMap<string, number> = Object.freeze(new Map<string, number>());

/** `before` saves reading documents again that have not changed. */
function offerOf(row: Row, used: Used | undefined, groups: ReadonlyMap<string, number>, before?: ReadOffer): Offer {
  const attributes =
    before?.attributesText === row.attributes
      ? before.offer.attributes
      : new Map(readDocument<Attribute[]>(row.attributes).map((each) => [each.name ?? '', each.value ?? '']));
  const document = before?.documentText === row.document ? undefined : readDocument<InstanceDocument>(row.document);
  const gpuIds = document === undefined ? (before?.offer.gpuIds ?? []) : (document.gpuIds ?? []);
  const places = Array.from(gpuIds.keys());
  return {
    arn: row.arn,
    status: row.status,
    connected: row.connected === 1,
    agentVersion:
      document === undefined ? (before?.offer.agentVersion ?? '') : (document.versionInfo.agentVersion ?? ''),
    ec2InstanceId: document === undefined ? (before?.offer.ec2InstanceId ?? '') : (document.ec2InstanceId ?? ''),
    registeredAt: row.registered_at,
    runningTasks: before?.offer.runningTasks ?? 0,
    attributes,
    groups,
    cpu: row.cpu_remaining,
    memory: row.memory_remaining,
    gpuIds,
    freeGpus: used === undefined ? places : places.filter((place) => !used.gpu.has(place)),
    tcp: used?.tcp ?? none,
    udp: used?.udp ?? none,
    freeAddresses: used?.freeAddresses,
  };
}

/** Of up to 1000 instances; one that is INACTIVE or gone is not in the answer. */
export async function readOffers(
  view: View,
  arns: readonly string[],
  before: ReadonlyMap<string, ReadOffer>,
): Promise<Map<string, ReadOffer>> {
  if (arns.length === 0) return new Map();
  const [rows, used, groups] = await Promise.all([
    view.all<Row>(
      sql`SELECT ${columns} FROM ecs_instances WHERE arn IN (${paddedList(arns)}) AND status <> 'INACTIVE'`,
    ),
    readUsed(view, arns),
    readGroups(view, arns),
  ]);
  return new Map(
    rows.map((row) => {
      const known = before.get(row.arn);
      const offer = offerOf(row, used.get(row.arn), groups.get(row.arn) ?? noGroups, known);
      return [row.arn, { version: row.version, offer, attributesText: row.attributes, documentText: row.document }];
    }),
  );
}

/** Tasks that run, by instance: for constraints that count them. */
export async function readRunning(view: View, clusterArn: string): Promise<Map<string, number>> {
  const rows = await view.all<{ instance_arn: string; n: number }>(
    sql`SELECT instance_arn, COUNT(*) AS n FROM ecs_tasks
      WHERE cluster_arn = ${clusterArn} AND last_status = 'RUNNING' GROUP BY instance_arn`,
  );
  return new Map(rows.map((row) => [row.instance_arn, Number(row.n)]));
}

/** The versions of a cluster's instances, in ARN order from `after` on. */
export async function readVersions(
  view: View,
  clusterArn: string,
  after: string,
  limit: number,
): Promise<{ readonly arn: string; readonly version: number }[]> {
  return view.all(
    sql`SELECT arn, version FROM ecs_instances WHERE cluster_arn = ${clusterArn} AND status IN ('ACTIVE', 'DRAINING')
      AND arn > ${after} ORDER BY arn LIMIT ${limit}`,
  );
}

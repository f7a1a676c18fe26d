// What the keeper of targets reads: the tasks that are attached to something, and the machines that they are on.
import { parseArn } from '@longshore/base';
import { sql, sqlList, type View } from '@longshore/store';
import type { Attribute } from '@aws-sdk/client-ecs';
import { readDocument } from '../documents.ts';
import type { InstanceDocument } from '../instances.ts';
import { lastPart } from '../names.ts';
import type { TaskDocument } from '../tasks.ts';
import type { AttachedTask, Machine, TargetHealth } from './plan.ts';

interface AttachedRow {
  readonly arn: string;
  readonly cluster_arn: string;
  readonly service_arn: string;
  readonly family: string;
  readonly instance_arn: string;
  readonly last_status: string;
  readonly desired_status: string;
  readonly health_status: string;
  readonly target_health: TargetHealth;
  readonly document: string;
}

function fromRow(row: AttachedRow): AttachedTask[] {
  const { targets, containers, availabilityZone, networkInterface } = readDocument<TaskDocument>(row.document);
  if (targets === undefined) return [];
  return [
    {
      arn: row.arn,
      clusterName: lastPart(row.cluster_arn),
      serviceName: lastPart(row.service_arn),
      family: row.family,
      region: parseArn(row.arn)?.region ?? '',
      instanceArn: row.instance_arn,
      lastStatus: row.last_status,
      desiredStatus: row.desired_status,
      healthStatus: row.health_status,
      targetHealth: row.target_health,
      targets,
      containers,
      availabilityZone,
      privateAddress: networkInterface?.privateIpv4Address,
    },
  ];
}

/** Whether there are any; cheap where there are none. */
export async function anyAttached(view: View): Promise<boolean> {
  return (await view.get(sql`SELECT arn FROM ecs_tasks WHERE attached = 1 LIMIT 1`)) !== undefined;
}

/** In the order of their ARNs. */
export async function attachedTasks(view: View): Promise<AttachedTask[]> {
  const rows = await view.all<AttachedRow>(
    sql`SELECT arn, cluster_arn, service_arn, family, instance_arn, last_status, desired_status, health_status,
        target_health, document FROM ecs_tasks WHERE attached = 1 ORDER BY arn`,
  );
  return rows.flatMap(fromRow);
}

const batch = 500;

interface MachineRow {
  readonly arn: string;
  readonly attributes: string;
  readonly document: string;
}

function toMachine(row: MachineRow): Machine {
  const attributes = readDocument<Attribute[]>(row.attributes);
  const { ec2InstanceId } = readDocument<InstanceDocument>(row.document);
  const address = attributes.find((each) => each.name === 'longshore.address')?.value;
  return { id: ec2InstanceId ?? lastPart(row.arn), address };
}

/** By which others reach the account's machine of this id; undefined if there is none, or nobody said. */
export async function machineAddress(view: View, account: string, id: string): Promise<string | undefined> {
  const rows = await view.all<MachineRow>(
    sql`SELECT arn, attributes, document FROM ecs_instances WHERE account = ${account} AND status <> 'INACTIVE'`,
  );
  const named = rows.find((row) => lastPart(row.arn) === id || toMachine(row).id === id);
  return named && toMachine(named).address;
}

export async function machinesOf(view: View, tasks: readonly AttachedTask[]): Promise<Map<string, Machine>> {
  const arns = [...new Set(tasks.map((each) => each.instanceArn))];
  const machines = new Map<string, Machine>();
  for (let at = 0; at < arns.length; at += batch) {
    const rows = await view.all<MachineRow>(
      sql`SELECT arn, attributes, document FROM ecs_instances WHERE arn IN (${sqlList(arns.slice(at, at + batch))})`,
    );
    for (const row of rows) machines.set(row.arn, toMachine(row));
  }
  return machines;
}

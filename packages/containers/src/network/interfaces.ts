// Network interfaces of tasks: each has an address of its instance's subnet, taken in the write that makes the task and
// given back in the one that ends it. An instance's subnet is chosen when it gets its first such task, and is then its own.
import type { NetworkConfiguration } from '@aws-sdk/client-ecs';
import { newUuid } from '@longshore/base';
import { type Step, sql, sqlList, type View } from '@longshore/store';
import { addressOf, freeHost, type TaskNetwork } from './subnets.ts';

export interface TaskInterface {
  readonly attachmentId: string;
  readonly macAddress: string;
  readonly privateIpv4Address: string;
  /** With the subnet's prefix length: `10.208.3.1/24`. */
  readonly subnetGateway: string;
  /** The first of the launch's subnets, as it was named. */
  readonly subnetId: string;
}

export interface GivenInterface {
  readonly networkInterface: TaskInterface;
  /** Takes the address for the task. */
  readonly steps: (taskArn: string) => readonly Step[];
}

export interface Interfaces {
  /** Reads what further instances have to give. */
  read(instanceArns: readonly string[]): Promise<void>;
  /** An interface for a further task on the instance; undefined if its subnet, or the whole network, is used up. */
  give(instanceArn: string): GivenInterface | undefined;
}

interface Subnet {
  readonly number: number;
  readonly used: Set<number>;
  /** Makes it the instance's, if it is not yet. */
  steps: readonly Step[];
}

async function readSubnets(view: View, arns: readonly string[]): Promise<Map<string, Subnet>> {
  const subnets = await view.all<{ number: number; instance_arn: string }>(
    sql`SELECT number, instance_arn FROM ecs_subnets WHERE instance_arn IN (${sqlList(arns)})`,
  );
  const addresses = await view.all<{ instance_arn: string; host: number }>(
    sql`SELECT instance_arn, host FROM ecs_addresses WHERE instance_arn IN (${sqlList(arns)})`,
  );
  const usedOf = Map.groupBy(addresses, (row) => row.instance_arn);
  return new Map(
    subnets.map((row) => {
      const used = new Set((usedOf.get(row.instance_arn) ?? []).map((each) => Number(each.host)));
      return [row.instance_arn, { number: Number(row.number), used, steps: [] }];
    }),
  );
}

/** Numbers that never were an instance's first, then those of instances that are no more, the longest unused first. */
async function newSubnets(view: View, network: TaskNetwork, arns: readonly string[]): Promise<[string, Subnet][]> {
  if (arns.length === 0) return [];
  const top = await view.get<{ next: number }>(sql`SELECT COALESCE(MAX(number), -1) + 1 AS next FROM ecs_subnets`);
  const next = Number(top?.next ?? 0);
  const fresh = arns.slice(0, Math.max(0, network.subnets - next)).map((arn, i): [string, Subnet] => {
    const insert = sql`INSERT INTO ecs_subnets (number, instance_arn) VALUES (${next + i}, ${arn})`;
    return [arn, { number: next + i, used: new Set(), steps: [{ sql: insert, expect: 1 }] }];
  });
  const rest = arns.slice(fresh.length);
  if (rest.length === 0) return fresh;
  const free = await view.all<{ number: number; instance_arn: string }>(
    sql`SELECT s.number, s.instance_arn FROM ecs_subnets s LEFT JOIN ecs_instances i ON i.arn = s.instance_arn
      WHERE (i.arn IS NULL OR i.status = 'INACTIVE') AND s.number < ${network.subnets}
        AND NOT EXISTS (SELECT 1 FROM ecs_addresses a WHERE a.instance_arn = s.instance_arn)
      ORDER BY s.number LIMIT ${rest.length}`,
  );
  const again = free.flatMap((row, i): [string, Subnet][] => {
    const arn = rest[i];
    if (arn === undefined) return [];
    const take = sql`UPDATE ecs_subnets SET instance_arn = ${arn}
      WHERE number = ${row.number} AND instance_arn = ${row.instance_arn}`;
    return [[arn, { number: Number(row.number), used: new Set(), steps: [{ sql: take, expect: 1 }] }]];
  });
  return [...fresh, ...again];
}

/** For tasks with this configuration, launched by one write. */
export function taskInterfaces(view: View, network: TaskNetwork, configuration: NetworkConfiguration): Interfaces {
  const subnets = new Map<string, Subnet>();
  const subnetId = configuration.awsvpcConfiguration?.subnets?.[0] ?? '';
  return {
    async read(instanceArns) {
      // What was given already is known here only.
      const arns = [...new Set(instanceArns)].filter((arn) => !subnets.has(arn));
      if (arns.length === 0) return;
      for (const [arn, subnet] of await readSubnets(view, arns)) subnets.set(arn, subnet);
      const without = arns.filter((arn) => !subnets.has(arn));
      for (const [arn, subnet] of await newSubnets(view, network, without)) subnets.set(arn, subnet);
    },
    give(instanceArn) {
      const subnet = subnets.get(instanceArn);
      const host = subnet && freeHost(subnet.used, Math.random);
      if (subnet === undefined || host === undefined) return undefined;
      subnet.used.add(host);
      const makeOwn = subnet.steps;
      subnet.steps = [];
      const { address, gateway, macAddress } = addressOf(network, subnet.number, host);
      return {
        networkInterface: {
          attachmentId: newUuid(),
          macAddress,
          privateIpv4Address: address,
          subnetGateway: gateway,
          subnetId,
        },
        steps: (taskArn) => [
          ...makeOwn,
          {
            sql: sql`INSERT INTO ecs_addresses (instance_arn, host, task_arn) VALUES (${instanceArn}, ${host}, ${taskArn})`,
            expect: 1,
          },
        ],
      };
    },
  };
}

/** Gives the address of a task back; nothing for one that has none. */
export function returnAddress(task: {
  readonly arn: string;
  readonly document?: { readonly networkInterface?: TaskInterface | undefined } | undefined;
}): Step[] {
  if (task.document?.networkInterface === undefined) return [];
  return [{ sql: sql`DELETE FROM ecs_addresses WHERE task_arn = ${task.arn}` }];
}

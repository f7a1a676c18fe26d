// `longshore status`: the server, the account's registry and its clusters with their machines.
import type { ContainerInstance, ECSClient } from '@aws-sdk/client-ecs';
import type { Command } from 'commander';
import { addConnectionOptions, type ConnectionOptions } from '../connection.ts';
import { clusterArns, ecsClient, idOf, instancesOf } from '../ecs-client.ts';
import { humanBytes, humanSpan } from '../human.ts';
import { getStatus, type ServerStatus } from '../own-api.ts';
import { printJson } from '../print-json.ts';
import { type Column, formatTable } from '../table.ts';
import type { CliParts } from '../types.ts';
import { withServer } from '../with-server.ts';

interface StatusOptions extends ConnectionOptions {
  readonly json?: boolean;
}

interface Machine {
  readonly cluster: string;
  readonly instance: ContainerInstance;
}

export function define(command: Command, parts: CliParts): void {
  command
    .description("Shows the server, and the account's images, clusters, tasks and machines with what is free on them.")
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  longshore status\n')
    .action((options: StatusOptions) => status(options, parts));
  addConnectionOptions(command);
}

async function status(options: StatusOptions, parts: CliParts): Promise<void> {
  await withServer(options, parts, async (connection) => {
    const client = ecsClient(connection);
    const [server, machines] = await Promise.all([getStatus(connection), listMachines(client)]);
    client.destroy();
    if (options.json) {
      const instances = machines.map(({ instance }) => instance);
      return printJson(parts.io, { endpoint: connection.endpoint, ...server, instances });
    }
    parts.io.out(statusText(connection.endpoint, server, parts.clock.now()));
    if (machines.length > 0) parts.io.out(`\n${formatTable(machineColumns, machines, parts.io.columns)}`);
  });
}

async function listMachines(client: ECSClient): Promise<readonly Machine[]> {
  const machines: Machine[] = [];
  for (const cluster of await clusterArns(client)) {
    for (const instance of await instancesOf(client, cluster)) machines.push({ cluster, instance });
  }
  return machines;
}

function statusText(endpoint: string, status: ServerStatus, now: number): string {
  const { registry, containers } = status;
  const lines: readonly (readonly [string, string])[] = [
    ['Server', `${endpoint}, version ${status.version}, up ${humanSpan(now - new Date(status.startedAt).getTime())}`],
    ['Region', status.region],
    ['Store', status.store],
    ['Registry', `${registry.repositories} repositories, ${registry.images} images, ${humanBytes(registry.bytes)}`],
    ['Clusters', `${containers.clusters}`],
    ['Machines', `${containers.instances}, ${containers.connectedInstances} connected`],
    ['Services', `${containers.services}`],
    ['Tasks', `${containers.runningTasks} running, ${containers.pendingTasks} pending`],
  ];
  return lines.map(([name, text]) => `${name.padEnd(10)}${text}\n`).join('');
}

/** The amount of a resource (`CPU`, `MEMORY`) of an instance. */
function amount(resources: ContainerInstance['remainingResources'], name: string): number | undefined {
  return resources?.find((each) => each.name === name)?.integerValue;
}

function cores(units: number | undefined): string {
  return units === undefined ? '-' : String(Math.round((units / 1024) * 100) / 100);
}

function mebibytes(mib: number | undefined): string {
  return mib === undefined ? '-' : humanBytes(mib * 1024 * 1024);
}

const machineColumns: readonly Column<Machine>[] = [
  { title: 'MACHINE', value: ({ instance }) => idOf(instance.containerInstanceArn).slice(0, 12) },
  { title: 'CLUSTER', value: ({ cluster }) => idOf(cluster), min: 8 },
  { title: 'STATUS', value: ({ instance }) => instance.status ?? '' },
  { title: 'AGENT', value: ({ instance }) => (instance.agentConnected ? 'connected' : 'away') },
  { title: 'TASKS', value: ({ instance }) => String(instance.runningTasksCount ?? 0), right: true },
  {
    title: 'CPU FREE',
    value: ({ instance }) =>
      `${cores(amount(instance.remainingResources, 'CPU'))} of ${cores(amount(instance.registeredResources, 'CPU'))}`,
    right: true,
  },
  {
    title: 'MEMORY FREE',
    value: ({ instance }) =>
      `${mebibytes(amount(instance.remainingResources, 'MEMORY'))} of ${mebibytes(amount(instance.registeredResources, 'MEMORY'))}`,
    right: true,
  },
];

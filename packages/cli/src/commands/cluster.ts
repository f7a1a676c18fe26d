// `longshore cluster`: makes a cluster with the machines that it may ask for, shows clusters, takes one away with all that is in it.
import {
  type Cluster,
  CreateCapacityProviderCommand,
  CreateClusterCommand,
  DescribeCapacityProvidersCommand,
  DescribeClustersCommand,
  type ECSClient,
} from '@aws-sdk/client-ecs';
import type { Command } from 'commander';
import { addConnectionOptions, type ConnectionOptions } from '../connection.ts';
import { deleteCluster, emptyCluster } from '../delete-cluster.ts';
import { clusterArns, ecsClient } from '../ecs-client.ts';
import { printJson } from '../print-json.ts';
import { parseSeconds } from '../run-options.ts';
import { type Column, formatTable } from '../table.ts';
import type { CliParts } from '../types.ts';
import { withServer } from '../with-server.ts';

interface ClusterOptions extends ConnectionOptions {
  readonly json?: boolean;
}

interface CreateOptions extends ClusterOptions {
  readonly machines: readonly string[];
}

interface DeleteOptions extends ConnectionOptions {
  readonly force?: boolean;
  readonly timeout: number;
}

export function define(command: Command, parts: CliParts): void {
  command
    .description('Clusters: the machines that run tasks, and what runs on them.')
    .addHelpText('after', '\nExample:\n  longshore cluster list\n');
  const creating = command
    .command('create')
    .description(
      'Creates a cluster. With --machines it brings machines of these groups up as its tasks need them, the smallest ' +
        'size of a group at once, and lets them go again.',
    )
    .argument('<name>', 'up to 255 letters, digits, hyphens and underscores')
    .option('--machines <group...>', "machine groups of the server's --machine-groups", [])
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  longshore cluster create shop\n  longshore cluster create shop --machines here\n',
    )
    .action((name: string, options: CreateOptions) => create(name, options, parts));
  const listing = command
    .command('list')
    .description('Lists the clusters with what is in them.')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  longshore cluster list\n')
    .action((options: ClusterOptions) => list(options, parts));
  const deleting = command
    .command('delete')
    .description(
      'Deletes an empty cluster. With --force first deletes its services, stops its tasks, lets the machines of its ' +
        'groups go and deregisters the others.',
    )
    .argument('<name>', 'the cluster')
    .option('--force', 'also if there is something in it')
    .option('--timeout <seconds>', 'how long to wait for tasks and machines to be gone', parseSeconds, 120)
    .addHelpText('after', '\nExample:\n  longshore cluster delete shop --force\n')
    .action((name: string, options: DeleteOptions) => remove(name, options, parts));
  for (const each of [creating, listing, deleting]) addConnectionOptions(each);
}

/** The capacity provider of a group has its name; it is made unless it is there. */
async function provide(client: ECSClient, group: string): Promise<void> {
  const { capacityProviders } = await client.send(new DescribeCapacityProvidersCommand({ capacityProviders: [group] }));
  if (capacityProviders?.some((each) => each.status === 'ACTIVE')) return;
  await client.send(
    new CreateCapacityProviderCommand({
      name: group,
      autoScalingGroupProvider: {
        autoScalingGroupArn: group,
        managedScaling: { status: 'ENABLED' },
        managedTerminationProtection: 'ENABLED',
      },
    }),
  );
}

async function create(name: string, options: CreateOptions, parts: CliParts): Promise<void> {
  await withServer(options, parts, async (connection) => {
    const client = ecsClient(connection);
    for (const group of options.machines) await provide(client, group);
    const { cluster } = await client.send(
      new CreateClusterCommand({
        clusterName: name,
        capacityProviders: [...options.machines],
        defaultCapacityProviderStrategy: options.machines.map((capacityProvider) => ({ capacityProvider, weight: 1 })),
      }),
    );
    client.destroy();
    if (options.json) return printJson(parts.io, cluster);
    parts.io.out(`cluster ${name} is there\n`);
    if (options.machines.length === 0)
      parts.io.err(`Give it a machine: longshore agent --cluster ${name} (longshore agent --help says how).\n`);
  });
}

const columns: readonly Column<Cluster>[] = [
  { title: 'CLUSTER', value: (each) => each.clusterName ?? '', min: 8 },
  { title: 'MACHINES', value: (each) => String(each.registeredContainerInstancesCount ?? 0), right: true },
  { title: 'SERVICES', value: (each) => String(each.activeServicesCount ?? 0), right: true },
  { title: 'RUNNING', value: (each) => String(each.runningTasksCount ?? 0), right: true },
  { title: 'PENDING', value: (each) => String(each.pendingTasksCount ?? 0), right: true },
  { title: 'GROUPS', value: (each) => each.capacityProviders?.join(',') || '-' },
];

async function list(options: ClusterOptions, parts: CliParts): Promise<void> {
  await withServer(options, parts, async (connection) => {
    const client = ecsClient(connection);
    const found: Cluster[] = [];
    const arns = await clusterArns(client);
    for (let start = 0; start < arns.length; start += 100) {
      const { clusters } = await client.send(new DescribeClustersCommand({ clusters: arns.slice(start, start + 100) }));
      found.push(...(clusters ?? []));
    }
    client.destroy();
    if (options.json) return printJson(parts.io, found);
    if (found.length === 0) return parts.io.err('No clusters. Make one: longshore cluster create NAME\n');
    parts.io.out(formatTable(columns, found, parts.io.columns));
  });
}

async function remove(name: string, options: DeleteOptions, parts: CliParts): Promise<void> {
  await withServer(options, parts, async (connection) => {
    const client = ecsClient(connection);
    try {
      if (options.force) await emptyCluster(client, name, options.timeout * 1000, parts);
      await deleteCluster(client, name);
    } finally {
      client.destroy();
    }
    parts.io.out(`cluster ${name} is deleted\n`);
  });
}

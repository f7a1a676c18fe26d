// `longshore ps`: tasks and their containers, with what they use.
import { AwsError } from '@longshore/aws';
import type { Command } from 'commander';
import { addConnectionOptions, type Connection, type ConnectionOptions, registryHost } from '../connection.ts';
import { ecsClient, listTasks } from '../ecs-client.ts';
import { humanBytes, humanPercent, humanSpan } from '../human.ts';
import { listMeasurements, type Measurement } from '../own-api.ts';
import { printJson } from '../print-json.ts';
import { printable } from '../printable.ts';
import { type Column, formatTable } from '../table.ts';
import { type ContainerRow, containerRows, portText, shortImage } from '../task-view.ts';
import type { CliParts } from '../types.ts';
import { withServer } from '../with-server.ts';

interface PsOptions extends ConnectionOptions {
  readonly all?: boolean;
  readonly cluster?: string;
  readonly json?: boolean;
}

export function define(command: Command, parts: CliParts): void {
  command
    .description('Lists tasks and their containers: state, ports, and the CPU and memory that they use.')
    .option('-a, --all', 'also tasks that stopped in the last hour, with the reason')
    .option('--cluster <name>', 'only this cluster (default: all)')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  longshore ps --all\n')
    .action((options: PsOptions) => ps(options, parts));
  addConnectionOptions(command);
}

async function ps(options: PsOptions, parts: CliParts): Promise<void> {
  await withServer(options, parts, async (connection) => {
    const client = ecsClient(connection);
    const filter = { cluster: options.cluster, stopped: options.all === true };
    const [tasks, measurements] = await Promise.all([
      listTasks(client, filter),
      measurementsIfAllowed(connection, parts),
    ]);
    client.destroy();
    const rows = containerRows(tasks, measurements);
    if (options.json) return printJson(parts.io, rows);
    if (rows.length === 0) return parts.io.err('No tasks. Run one with: longshore run IMAGE\n');
    const columns = psColumns(rows, registryHost(connection.endpoint), parts.clock.now(), options.all === true);
    parts.io.out(formatTable(columns, rows, parts.io.columns));
  });
}

/** None, with a word about it, for a caller who may see tasks but not what they use. */
async function measurementsIfAllowed(connection: Connection, { io }: CliParts): Promise<readonly Measurement[]> {
  try {
    return await listMeasurements(connection);
  } catch (error) {
    if (!(error instanceof AwsError) || !error.code.startsWith('AccessDenied')) throw error;
    io.err(`${printable(`Without measurements: ${error.message}`)}\n`);
    return [];
  }
}

/** The columns; the cluster only where there are several, the reason only where stopped tasks are shown. */
export function psColumns(
  rows: readonly ContainerRow[],
  registry: string,
  now: number,
  all: boolean,
): readonly Column<ContainerRow>[] {
  const severalClusters = new Set(rows.map((row) => row.clusterArn)).size > 1;
  const columns: (Column<ContainerRow> | false)[] = [
    { title: 'TASK', value: (row) => row.task.slice(0, 12) },
    severalClusters && { title: 'CLUSTER', value: (row) => row.cluster, min: 8 },
    { title: 'GROUP', value: (row) => row.group, min: 8 },
    { title: 'CONTAINER', value: (row) => row.container, min: 8 },
    { title: 'IMAGE', value: (row) => shortImage(row.image, registry), min: 8 },
    { title: 'STATUS', value: statusText },
    { title: 'PORTS', value: (row) => row.ports.map(portText).join(', '), min: 9 },
    { title: 'CPU', value: cpuText, right: true },
    { title: 'MEMORY', value: memoryText, right: true },
    { title: 'AGE', value: (row) => ageText(row, now), right: true },
    all && { title: 'REASON', value: (row) => (row.status === 'STOPPED' ? (row.reason ?? '') : ''), min: 12 },
  ];
  return columns.filter((column) => column !== false);
}

function statusText(row: ContainerRow): string {
  return row.exitCode === undefined ? row.status : `${row.status} (${row.exitCode})`;
}

function cpuText({ measurement }: ContainerRow): string {
  return measurement ? humanPercent(measurement.cpuPercent) : '-';
}

/** `12 MiB / 128 MiB`; without the limit where there is none. */
export function memoryText({ measurement }: ContainerRow): string {
  if (!measurement) return '-';
  const used = humanBytes(measurement.memoryBytes);
  return measurement.memoryLimitBytes ? `${used} / ${humanBytes(measurement.memoryLimitBytes)}` : used;
}

function ageText(row: ContainerRow, now: number): string {
  const since = row.startedAt ?? row.createdAt;
  return since ? humanSpan(now - since.getTime()) : '-';
}

// `longshore top`: what containers use, drawn anew every few seconds.
import type { Command } from 'commander';
import { addConnectionOptions, type Connection, type ConnectionOptions } from '../connection.ts';
import { clusterArns, ecsClient, idOf } from '../ecs-client.ts';
import { humanBytes, humanPercent } from '../human.ts';
import { listMeasurements, type Measurement } from '../own-api.ts';
import { printJson } from '../print-json.ts';
import { parseSeconds } from '../run-options.ts';
import { type Column, formatTable } from '../table.ts';
import type { CliParts } from '../types.ts';
import { withServer } from '../with-server.ts';

interface TopOptions extends ConnectionOptions {
  readonly cluster?: string;
  readonly interval: number;
  readonly once?: boolean;
  readonly json?: boolean;
}

export function define(command: Command, parts: CliParts): void {
  command
    .description(
      'Watches what containers use. CPU is of one core, over the last interval; NET and BLOCK count from the ' +
        "container's start. Ends with Ctrl-C. Prints once where there is no terminal.",
    )
    .option('--once', 'print once and end')
    .option('--interval <seconds>', 'pause between two looks', parseSeconds, 2)
    .option('--cluster <name>', 'only this cluster (default: all)')
    .option('--json', 'print JSON, once')
    .addHelpText('after', '\nExample:\n  longshore top --once\n')
    .action((options: TopOptions) => top(options, parts));
  addConnectionOptions(command);
}

async function top(options: TopOptions, parts: CliParts): Promise<void> {
  const { io, clock } = parts;
  await withServer(options, parts, async (connection) => {
    const cluster = options.cluster === undefined ? undefined : await clusterArn(connection, options.cluster);
    const look = () => listMeasurements(connection, cluster === undefined ? {} : { cluster });
    if (options.json) return printJson(io, await look());
    if (options.once || io.columns === undefined) return io.out(topTable(await look(), io.columns));
    const stopping = new AbortController();
    const undo = io.onInterrupt(() => stopping.abort());
    try {
      while (!stopping.signal.aborted) {
        const table = fitHeight(topTable(await look(), io.columns), io.rows);
        // Home, draw, clear what an earlier and longer table left.
        io.out(`\u001b[H\u001b[J${table}`);
        await clock.sleep(options.interval * 1000, stopping.signal);
      }
    } finally {
      undo();
    }
  });
}

/** The first lines, so that the table's head stays on the terminal; the least busy are left out. */
function fitHeight(table: string, rows: number | undefined): string {
  const lines = table.split('\n');
  return rows === undefined ? table : lines.slice(0, Math.max(1, rows - 1)).join('\n');
}

/** The ARN of a cluster of the account. A name that is none is taken as it is: nothing is measured there. */
async function clusterArn(connection: Connection, name: string): Promise<string> {
  const client = ecsClient(connection);
  const arns = await clusterArns(client);
  client.destroy();
  return arns.find((arn) => arn === name || idOf(arn) === name) ?? name;
}

const columns: readonly Column<Measurement>[] = [
  { title: 'TASK', value: (each) => idOf(each.taskArn).slice(0, 12) },
  { title: 'GROUP', value: (each) => each.serviceName ?? each.family, min: 8 },
  { title: 'CONTAINER', value: (each) => each.containerName, min: 8 },
  { title: 'CPU', value: (each) => humanPercent(each.cpuPercent), right: true },
  { title: 'MEMORY', value: (each) => humanBytes(each.memoryBytes), right: true },
  { title: 'LIMIT', value: (each) => (each.memoryLimitBytes ? humanBytes(each.memoryLimitBytes) : '-'), right: true },
  { title: 'NET IN', value: (each) => humanBytes(each.networkRxBytes), right: true },
  { title: 'NET OUT', value: (each) => humanBytes(each.networkTxBytes), right: true },
  { title: 'BLOCK IN', value: (each) => humanBytes(each.blockReadBytes), right: true },
  { title: 'BLOCK OUT', value: (each) => humanBytes(each.blockWriteBytes), right: true },
];

/** The busiest first; those equally busy in the order of task and container. */
export function topTable(measurements: readonly Measurement[], width: number | undefined): string {
  const rows = [...measurements].sort(
    (a, b) =>
      b.cpuPercent - a.cpuPercent ||
      a.taskArn.localeCompare(b.taskArn) ||
      a.containerName.localeCompare(b.containerName),
  );
  return formatTable(columns, rows, width);
}

// `longshore registry`: its upkeep. Collection goes on by itself; here one sees what it would do, or has it done now.
import type { Command } from 'commander';
import { addConnectionOptions, type Connection, type ConnectionOptions } from '../connection.ts';
import { humanBytes } from '../human.ts';
import {
  type CollectionPreview,
  collectRegistry,
  type CollectOutcome,
  getStatus,
  type PlannedAction,
  previewCollection,
  type RepositoryStorage,
  reportStorage,
  rewrapRegistry,
} from '../own-api.ts';
import { printJson } from '../print-json.ts';
import { type Column, formatTable } from '../table.ts';
import type { CliParts } from '../types.ts';
import { withServer } from '../with-server.ts';

interface JsonOptions extends ConnectionOptions {
  readonly json?: boolean;
}

interface CollectOptions extends JsonOptions {
  readonly dryRun?: boolean;
}

export function define(command: Command, parts: CliParts): void {
  command
    .description('The upkeep of the registry.')
    .addHelpText('after', '\nExample:\n  longshore registry collect --dry-run\n');
  const collecting = command
    .command('collect')
    .description('Removes layers that no image has named for the time of grace, now instead of at the next round.')
    .option('--dry-run', 'only say what would be removed, and why')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  longshore registry collect --dry-run\n')
    .action((options: CollectOptions) => (options.dryRun ? preview(options, parts) : collect(options, parts)));
  const reporting = command
    .command('report')
    .description('What each repository of the account holds, and the total with shared bytes counted once.')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  longshore registry report\n')
    .action((options: JsonOptions) => report(options, parts));
  const rewrapping = command
    .command('rewrap')
    .description(
      "Wraps the data keys of encrypted layers anew, with their keys' newest material. No layer is rewritten.",
    )
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  longshore registry rewrap\n')
    .action((options: JsonOptions) => rewrap(options, parts));
  addConnectionOptions(rewrapping);
  addConnectionOptions(collecting);
  addConnectionOptions(reporting);
}

const actionColumns: readonly Column<PlannedAction>[] = [
  { title: 'ACTION', value: (each) => each.action },
  { title: 'ACCOUNT', value: (each) => each.account ?? '-' },
  { title: 'REPOSITORY', value: (each) => each.repository ?? '-', min: 12 },
  { title: 'DIGEST', value: (each) => each.digest.slice(0, each.digest.indexOf(':') + 13) },
  { title: 'SIZE', value: (each) => humanBytes(each.size), right: true },
  { title: 'WHY', value: (each) => each.why, min: 20 },
];

async function preview(options: CollectOptions, parts: CliParts): Promise<void> {
  const { io } = parts;
  await withServer(options, parts, async (connection) => {
    const planned: CollectionPreview = await previewCollection(connection);
    if (options.json) return printJson(io, planned);
    if (planned.actions.length === 0) return io.err('There is nothing to collect.\n');
    io.out(formatTable(actionColumns, planned.actions, io.columns));
    io.err(
      `${humanBytes(planned.removedBytes)} would be removed${planned.more ? ', and more that is not listed' : ''}.\n`,
    );
  });
}

async function collect(options: CollectOptions, parts: CliParts): Promise<void> {
  const { io } = parts;
  await withServer(options, parts, async (connection) => {
    const done = await collectAll(connection);
    if (options.json) return printJson(io, done);
    if (done.elsewhere) io.err('Another replica of the server is collecting just now.\n');
    if (done.failed > 0) io.err(`${done.failed} blobs could not be removed; the log of the server says why.\n`);
    io.out(`Removed ${done.removed} blobs (${humanBytes(done.removedBytes)}) and ${done.unlinked} links.\n`);
  });
}

/** Calls until there is no more to do. */
async function collectAll(connection: Connection): Promise<CollectOutcome> {
  const total = { unlinked: 0, removed: 0, removedBytes: 0, failed: 0 };
  for (;;) {
    const { more, elsewhere, ...part } = await collectRegistry(connection);
    total.unlinked += part.unlinked;
    total.removed += part.removed;
    total.removedBytes += part.removedBytes;
    total.failed += part.failed;
    if (!more || elsewhere) return { ...total, more, elsewhere };
  }
}

async function rewrap(options: JsonOptions, parts: CliParts): Promise<void> {
  const { io } = parts;
  await withServer(options, parts, async (connection) => {
    const failures = new Map<string, string>();
    let rewrapped = 0;
    let before: number | undefined;
    for (let more = true; more; ) {
      const answer = await rewrapRegistry(connection, before);
      ({ before } = answer);
      ({ more } = answer.outcome);
      rewrapped += answer.outcome.rewrapped;
      for (const { key, reason } of answer.outcome.failures) failures.set(key, reason);
      // What is left then is left because its keys refuse.
      if (answer.outcome.rewrapped === 0) break;
    }
    const failed = [...failures].map(([key, reason]) => ({ key, reason }));
    if (options.json) return printJson(io, { rewrapped, failures: failed });
    for (const { key, reason } of failed) io.err(`${key}: ${reason}\n`);
    io.out(`Wrapped ${rewrapped} data keys anew.\n`);
  });
}

const storageColumns: readonly Column<RepositoryStorage>[] = [
  { title: 'REPOSITORY', value: (each) => each.repository, min: 12 },
  { title: 'MANIFESTS', value: (each) => String(each.manifests), right: true },
  { title: 'LAYERS', value: (each) => String(each.layers), right: true },
  { title: 'SIZE', value: (each) => humanBytes(each.bytes), right: true },
  { title: 'SHARED', value: (each) => humanBytes(each.sharedBytes), right: true },
];

async function report(options: JsonOptions, parts: CliParts): Promise<void> {
  const { io } = parts;
  await withServer(options, parts, async (connection) => {
    const [repositories, status] = await Promise.all([reportStorage(connection), getStatus(connection)]);
    const { bytes } = status.registry;
    if (options.json) return printJson(io, { repositories, bytes });
    if (repositories.length === 0) return io.err('No repositories.\n');
    io.out(formatTable(storageColumns, repositories, io.columns));
    io.out(`${humanBytes(bytes)} in all, with shared bytes counted once.\n`);
  });
}

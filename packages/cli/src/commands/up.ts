// `longshore up`: runs the server in this process, or starts itself again in the background. Its settings are the
// server's: one table for flags, environment and config file.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { errorText, UserError } from '@longshore/base';
import type { Command } from 'commander';
import { dataFolder, readRunning } from '../data-folder.ts';
import { startDetached } from '../detach.ts';
import { starterOf } from '../starter.ts';
import type { CliParts, RunningServer, ServerPart } from '../types.ts';

export async function define(command: Command, parts: CliParts, argv: readonly string[]): Promise<void> {
  const server = await parts.up();
  command.description(
    'Starts Longshore: registry, container service and agent, in one process. It runs until Ctrl-C (the containers run ' +
      'on). A first start makes the account, its root key, and a small hello service.',
  );
  command.option('--detach', 'run in the background, with the output in DATA/longshore.log');
  command.option('--config <file>', 'JSON file of settings [LONGSHORE_CONFIG]');
  for (const { flag, env, description, default: usual } of server.settingsTable) {
    command.option(flag, `${description} [${env}] (default: ${usual})`);
  }
  command.addHelpText(
    'after',
    '\nA flag wins over the environment, that over the config file.\n\nExample:\n  longshore up --detach --data ~/longshore --listen 127.0.0.1:7077\n',
  );
  command.action(() => up({ command, server, parts, argv }));
}

interface UpCall {
  readonly command: Command;
  readonly server: ServerPart;
  readonly parts: CliParts;
  readonly argv: readonly string[];
}

async function up({ command, server, parts, argv }: UpCall): Promise<void> {
  const { io } = parts;
  const options = command.opts<{ detach?: boolean; config?: string }>();
  const fileName = options.config ?? (io.env.LONGSHORE_CONFIG || undefined);
  const file = fileName === undefined ? {} : { file: await readConfig(fileName), fileName };
  const settings = server.readSettings({ flags: givenFlags(command, server), env: io.env, ...file });
  const data = dataFolder(settings.data, io.env);
  const running = await readRunning(data);
  if (options.detach) {
    if (running) return io.out(`Longshore already runs at ${running.url}; its data is in ${data}.\n`);
    return startDetached(argv, data, parts);
  }
  if (running) {
    throw new UserError(
      `Longshore already runs at ${running.url} with the data folder ${data} (process ${running.pid}).`,
      'Stop it with: longshore down',
    );
  }
  const starter = starterOf(process);
  const log = server.consoleLogger(settings.logLevel);
  const stopping = stopOnInterrupt(parts);
  try {
    const started = await server.startServer(settings, {
      log,
      onProgress: (line) => {
        io.out(`${line}\n`);
        starter.tell({ kind: 'progress', line });
      },
    });
    stopping.attach(started);
    io.out(`Longshore runs at ${started.url}; its data is in ${data}.\n`);
    starter.tell({ kind: 'ready', url: started.url });
    const greeted = greet(started, parts).then((hello) => {
      starter.tell(hello);
      starter.leave();
    });
    try {
      await started.done;
    } catch (failure) {
      // A part failed for good: the others are stopped in order, and the failure is what is told.
      await started.stop().catch(() => undefined);
      throw failure;
    }
    await greeted;
  } finally {
    stopping.undo();
  }
}

/** Says where hello is, or why it does not run; the server runs on in either case. */
async function greet(
  started: RunningServer,
  { io }: CliParts,
): Promise<{ kind: 'hello'; url?: string; problem?: string }> {
  try {
    const url = await started.hello;
    if (url === undefined) return { kind: 'hello' };
    io.out(`Hello is served at ${url}\n`);
    return { kind: 'hello', url };
  } catch (error) {
    const problem = errorText(error);
    io.err(`The hello service does not run: ${problem}\n`);
    return { kind: 'hello', problem };
  }
}

/** Stops the server on SIGINT and SIGTERM, also on one that comes while it starts. A second one ends the process. */
function stopOnInterrupt({ io }: CliParts): { attach(server: RunningServer): void; undo(): void } {
  let server: RunningServer | undefined;
  let asked = 0;
  const stop = () => {
    // A failure to stop shows in `done`, which the command waits for.
    void server?.stop().catch(() => undefined);
  };
  const undo = io.onInterrupt(() => {
    asked++;
    if (asked === 2) {
      io.err('Ended at once.\n');
      process.exit(130);
    }
    io.err('Stopping; the containers run on. Once more ends at once.\n');
    stop();
  });
  return {
    attach(started) {
      server = started;
      if (asked > 0) stop();
    },
    undo,
  };
}

/** Only what the command line gave: commander fills `--no-…` options with a default of its own. */
function givenFlags(command: Command, { settingsTable }: ServerPart): Record<string, unknown> {
  const given = settingsTable.filter(({ key }) => command.getOptionValueSource(key) === 'cli');
  return Object.fromEntries(given.map(({ key }) => [key, command.getOptionValue(key)]));
}

async function readConfig(fileName: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(resolve(fileName), 'utf8'));
  } catch (error) {
    throw new UserError(
      `The config file ${fileName} cannot be read: ${errorText(error)}`,
      'It must hold one JSON object.',
    );
  }
}

// `longshore down`: stops the server of this machine. The containers run on, unless they are to be stopped first.
import { UserError } from '@longshore/base';
import type { Command } from 'commander';
import { dataFolder, isAlive, logFileOf, type RunningFile, readRunning } from '../data-folder.ts';
import { parseSeconds } from '../run-options.ts';
import { stopEverything } from '../stop-everything.ts';
import type { CliParts } from '../types.ts';
import { withServer } from '../with-server.ts';

interface DownOptions {
  readonly data?: string;
  readonly tasks?: boolean;
  readonly timeout: number;
}

export function define(command: Command, parts: CliParts): void {
  command
    .description(
      'Stops the Longshore of this machine. Containers run on and are found again by the next `longshore up`.',
    )
    .option('--data <dir>', 'data folder of the server to stop (default: LONGSHORE_DATA)')
    .option('--tasks', "first set the root account's services to 0 tasks and stop its tasks")
    .option('--timeout <seconds>', 'how long to wait for the end', parseSeconds, 60)
    .addHelpText('after', '\nExample:\n  longshore down --tasks\n')
    .action((options: DownOptions) => down(options, parts));
}

async function down(options: DownOptions, parts: CliParts): Promise<void> {
  const folder = dataFolder(options.data, parts.io.env);
  const running = await readRunning(folder);
  if (!running) return parts.io.out(`Longshore is not running with the data folder ${folder}.\n`);
  if (options.tasks) {
    // The folder is named so that nothing in the environment leads to another server.
    await withServer({ data: folder }, parts, (connection) =>
      stopEverything(connection, options.timeout * 1000, parts),
    );
  }
  await terminate(running, folder, options.timeout * 1000, parts);
  parts.io.out(options.tasks ? 'Longshore is stopped.\n' : 'Longshore is stopped; its containers run on.\n');
}

/** SIGTERM to that very process, and waits for its end. */
async function terminate(running: RunningFile, folder: string, withinMs: number, { clock }: CliParts): Promise<void> {
  try {
    process.kill(running.pid, 'SIGTERM');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ESRCH') return;
    if (code === 'EPERM') {
      throw new UserError(
        `Process ${running.pid} belongs to another user.`,
        'Call longshore down as the user who started it.',
      );
    }
    throw error;
  }
  const deadline = clock.now() + withinMs;
  while (await isAlive(running)) {
    if (clock.now() >= deadline) {
      throw new UserError(
        `Process ${running.pid} has not ended after ${withinMs / 1000} s.`,
        `See ${logFileOf(folder)}. \`kill -9 ${running.pid}\` loses nothing that was acknowledged.`,
      );
    }
    await clock.sleep(25);
  }
}

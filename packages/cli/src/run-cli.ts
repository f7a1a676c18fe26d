// The command line: finds the command, runs it, and turns whatever is thrown into a message and an exit code.
import { Command, CommanderError } from 'commander';
import { commandTable } from './command-table.ts';
import { CommandEnded, exitCodes, explainFailure } from './failures.ts';
import type { CliParts } from './types.ts';

/**
 * Runs one command line (without `node` and the program's name). Resolves to the exit code; never rejects. Exit codes:
 * 0 done, 1 it did not work and the message says why, 2 wrong usage, 70 a fault of Longshore itself.
 */
export async function runCli(argv: readonly string[], parts: CliParts): Promise<number> {
  try {
    const program = await buildProgram(argv, parts);
    await program.parseAsync([...argv], { from: 'user' });
    return exitCodes.done;
  } catch (error) {
    // Commander has already said what was wrong; its code 0 is `--help` and `--version`.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    if (error instanceof CommandEnded) return error.code;
    const { message, exitCode } = explainFailure(error, parts.io.env);
    parts.io.err(`${message}\n`);
    return exitCode;
  }
}

async function buildProgram(argv: readonly string[], parts: CliParts): Promise<Command> {
  const program = new Command('longshore')
    .description('The container stack of a cloud on your own machines.')
    .version(parts.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .addHelpText('after', `\nStart with:  longshore up --detach\n             eval "$(longshore env)"\n`)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => parts.io.out(text),
      writeErr: (text) => parts.io.err(text),
      getOutHelpWidth: () => parts.io.columns ?? 100,
      getErrHelpWidth: () => parts.io.columns ?? 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  const wanted = argv[0] === 'help' ? argv[1] : argv[0];
  for (const { name, summary, load } of commandTable) {
    const command = program.command(name).summary(summary);
    command.showHelpAfterError(`Its options: longshore ${name} --help`);
    if (name === wanted) await (await load()).define(command, parts, argv);
  }
  program.showHelpAfterError('All commands: longshore --help');
  return program;
}

// `longshore exec`: a command in a running container, on whatever machine it runs (ECS Exec).
import { ExecuteCommandCommand } from '@aws-sdk/client-ecs';
import { UserError } from '@longshore/base';
import type { Command } from 'commander';
import { addConnectionOptions, type ConnectionOptions } from '../connection.ts';
import { openDataChannel } from '../data-channel.ts';
import { ecsClient } from '../ecs-client.ts';
import { CommandEnded } from '../failures.ts';
import { findTask } from '../find-task.ts';
import { shellQuote } from '../shell-quote.ts';
import { processTerminal } from '../terminal.ts';
import type { CliParts } from '../types.ts';
import { withServer } from '../with-server.ts';

interface ExecOptions extends ConnectionOptions {
  readonly container?: string;
  readonly cluster?: string;
  readonly tty: boolean;
}

export function define(command: Command, parts: CliParts): void {
  command
    .description(
      'Runs a command in a running container, on whatever machine that is. The task must have been run with execute command ' +
        'enabled. The exit code is the command’s.',
    )
    .argument('<task>', 'task id, or its beginning')
    .argument('<command...>', 'the command, after --')
    .option('-c, --container <name>', 'which container, if the task has several')
    .option('--cluster <name>', 'only look in this cluster (default: all)')
    .option('-T, --no-tty', 'no terminal, even where there is one')
    .addHelpText('after', '\nExample:\n  longshore exec 3f2a -- sh\n')
    .action((wanted: string, words: readonly string[], options: ExecOptions) => exec(wanted, words, options, parts));
  addConnectionOptions(command);
}

async function exec(wanted: string, words: readonly string[], options: ExecOptions, parts: CliParts): Promise<void> {
  const terminal = processTerminal();
  const interactive = options.tty && terminal.isTerminal;
  const session = await withServer(options, parts, async (connection) => {
    const client = ecsClient(connection);
    try {
      const task = await findTask(client, wanted, { cluster: options.cluster, stopped: false });
      const answer = await client.send(
        new ExecuteCommandCommand({
          cluster: task.clusterArn,
          task: task.taskArn,
          container: options.container,
          command: words.length === 1 ? words[0] : words.map(shellQuote).join(' '),
          interactive,
        }),
      );
      return answer.session;
    } finally {
      client.destroy();
    }
  });
  if (!session?.streamUrl || !session.tokenValue) throw new UserError('The server opened no session.');
  const decoders = { out: new TextDecoder(), err: new TextDecoder() };
  let detach: () => void = () => undefined;
  const channel = openDataChannel({
    streamUrl: session.streamUrl,
    token: session.tokenValue,
    version: `longshore-${parts.version}`,
    onOutput(bytes, isError) {
      if (isError) parts.io.err(decoders.err.decode(bytes, { stream: true }));
      else parts.io.out(decoders.out.decode(bytes, { stream: true }));
    },
    onReady() {
      const resize = () => channel.resize(terminal.size());
      if (interactive) resize();
      detach = terminal.attach({ data: (bytes) => channel.send(bytes), end: () => channel.endInput(), resize });
    },
    clock: parts.clock,
  });
  const undo = parts.io.onInterrupt(() => channel.terminate());
  try {
    const code = await channel.done;
    if (code) throw new CommandEnded(code);
  } finally {
    undo();
    detach();
  }
}

// `longshore logs`: what a container wrote, from the server's logs (`awslogs`) or from the Docker Engine of this machine.
import type { Container, Task } from '@aws-sdk/client-ecs';
import { UserError } from '@longshore/base';
import type { Command } from 'commander';
import { addConnectionOptions, type ConnectionOptions } from '../connection.ts';
import { dockerLogs } from '../docker-logs.ts';
import { ecsClient, idOf } from '../ecs-client.ts';
import { filteredLogs } from '../filtered-log.ts';
import { findTask } from '../find-task.ts';
import { hasStopped, logPlace, streamLogs } from '../log-stream.ts';
import { parseCount } from '../run-options.ts';
import { stopText } from '../run-wait.ts';
import type { CliParts } from '../types.ts';
import { withServer } from '../with-server.ts';

interface LogsOptions extends ConnectionOptions {
  readonly follow?: boolean;
  readonly container?: string;
  readonly tail?: number;
  readonly timestamps?: boolean;
  readonly filter?: string;
  readonly cluster?: string;
  readonly dockerHost?: string;
}

export function define(command: Command, parts: CliParts): void {
  command
    .description(
      "Shows what a task's container wrote to its output and its errors, of running and of lately stopped tasks. The " +
        'container must be on this machine, unless its log driver is awslogs.',
    )
    .argument('<task>', 'task id, or its beginning')
    .option('-f, --follow', 'go on with what it writes from now on, until Ctrl-C')
    .option('--container <name>', 'which container, if the task has several')
    .option('-n, --tail <lines>', 'only so many of the last lines', parseCount(1_000_000))
    .option('--filter <pattern>', 'only what matches: terms, or { $.level = "error" } for JSON (awslogs only)')
    .option('-t, --timestamps', 'with the time of each line')
    .option('--cluster <name>', 'only look in this cluster (default: all)')
    .option(
      '--docker-host <url>',
      'socket of the Docker Engine (default: LONGSHORE_DOCKER_HOST, else /var/run/docker.sock)',
    )
    .addHelpText('after', '\nExample:\n  longshore logs -f 3f2a\n')
    .action((wanted: string, options: LogsOptions) => logs(wanted, options, parts));
  addConnectionOptions(command);
}

async function logs(wanted: string, options: LogsOptions, parts: CliParts): Promise<void> {
  const { io } = parts;
  const stopping = new AbortController();
  const undo = io.onInterrupt(() => stopping.abort());
  const id = await withServer(options, parts, async (connection) => {
    const client = ecsClient(connection);
    try {
      const task = await findTask(client, wanted, { cluster: options.cluster, stopped: true });
      const container = chooseContainer(task, options.container);
      const place = await logPlace(client, task, container.name ?? '');
      if (!place && options.filter !== undefined)
        throw new UserError('The Docker Engine cannot filter: --filter is for containers with the log driver awslogs.');
      if (!place) return runtimeId(task, container);
      const reading = {
        connection,
        place,
        follow: options.follow === true,
        tail: options.tail,
        timestamps: options.timestamps === true,
        clock: parts.clock,
        signal: stopping.signal,
        isOver: () => hasStopped(client, task),
      };
      const { filter } = options;
      const lines = filter === undefined ? streamLogs(reading) : filteredLogs(reading, filter);
      for await (const line of lines) io.out(line);
      return undefined;
    } catch (error) {
      // The end of `--follow`.
      if (stopping.signal.aborted) return undefined;
      throw error;
    } finally {
      client.destroy();
    }
  });
  if (id === undefined) return undo();
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  try {
    const chunks = dockerLogs({
      dockerHost: options.dockerHost ?? (io.env.LONGSHORE_DOCKER_HOST || 'unix:///var/run/docker.sock'),
      containerId: id,
      follow: options.follow === true,
      tail: options.tail,
      timestamps: options.timestamps === true,
      signal: stopping.signal,
    });
    for await (const { stream, bytes } of chunks) {
      const text = decoders[stream].decode(bytes, { stream: true });
      if (stream === 'stdout') io.out(text);
      else io.err(text);
    }
  } finally {
    undo();
  }
}

/** The task's container of that name, or its only one. */
function chooseContainer(task: Task, name: string | undefined): Container {
  const containers: readonly Container[] = task.containers ?? [];
  const names = containers.map((each) => each.name).join(', ');
  const container = name === undefined ? containers[0] : containers.find((each) => each.name === name);
  if (name === undefined && containers.length > 1) {
    throw new UserError(`The task has several containers: ${names}`, 'Say which with --container NAME.');
  }
  if (!container) {
    throw new UserError(
      `Task ${idOf(task.taskArn)} has no container ${name ?? ''}`.trim() + (names ? `; it has: ${names}` : '.'),
    );
  }
  return container;
}

/** The Engine's id of a container. Throws `UserError` if it never had one. */
function runtimeId(task: Task, container: Container): string {
  if (container.runtimeId) return container.runtimeId;
  if (task.lastStatus === 'STOPPED') throw new UserError(`It never ran: ${stopText(task)}`);
  throw new UserError(`The container ${container.name} has not been started yet; the task is ${task.lastStatus}.`);
}

// `longshore stop`: tasks by id, services by name.
import { DeleteServiceCommand, type ECSClient, StopTaskCommand, UpdateServiceCommand } from '@aws-sdk/client-ecs';
import { UserError } from '@longshore/base';
import type { Command } from 'commander';
import { addConnectionOptions, type ConnectionOptions } from '../connection.ts';
import { ecsClient, idOf, listTasks } from '../ecs-client.ts';
import { findServices, matchTask } from '../find-task.ts';
import { printJson } from '../print-json.ts';
import type { CliParts } from '../types.ts';
import { withServer } from '../with-server.ts';

interface StopOptions extends ConnectionOptions {
  readonly cluster?: string;
  readonly reason: string;
  readonly delete?: boolean;
  readonly json?: boolean;
}

interface Stopped {
  readonly kind: 'task' | 'service';
  readonly cluster: string;
  readonly arn: string;
}

export function define(command: Command, parts: CliParts): void {
  command
    .description(
      'Stops tasks and services. A task gets SIGTERM, then SIGKILL after its stop timeout (30 s). A service is set to 0 ' +
        'tasks and stays, to be run again; --delete takes it away.',
    )
    .argument('<task-or-service...>', 'task ids (or their beginnings) or service names')
    .option('--delete', 'delete the services')
    .option('--reason <text>', 'what `stoppedReason` of a task shall say', 'longshore stop')
    .option('--cluster <name>', 'only look in this cluster (default: all)')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  longshore stop 3f2a\n  longshore stop --delete web\n')
    .action((names: string[], options: StopOptions) => stop(names, options, parts));
  addConnectionOptions(command);
}

async function stop(names: readonly string[], options: StopOptions, parts: CliParts): Promise<void> {
  await withServer(options, parts, async (connection) => {
    const client = ecsClient(connection);
    const stopped: Stopped[] = [];
    for (const name of names) stopped.push(...(await stopOne(client, name, options)));
    client.destroy();
    if (options.json) return printJson(parts.io, stopped);
    for (const { kind, arn } of stopped) {
      const what = kind === 'task' ? 'is stopping' : options.delete ? 'is deleted' : 'is set to 0 tasks';
      parts.io.out(`${kind} ${idOf(arn)} ${what}\n`);
    }
  });
}

/** A service goes before a task: its name was given in full, an id may be the beginning of one. */
async function stopOne(client: ECSClient, name: string, options: StopOptions): Promise<readonly Stopped[]> {
  const services = await findServices(client, name, options.cluster);
  if (services.length > 1) {
    const clusters = services.map(({ cluster }) => idOf(cluster)).join(', ');
    throw new UserError(
      `There is a service ${name} in several clusters: ${clusters}`,
      'Say which with --cluster NAME.',
    );
  }
  const [found] = services;
  if (found) {
    const { cluster, service } = found;
    if (options.delete) await client.send(new DeleteServiceCommand({ cluster, service, force: true }));
    else await client.send(new UpdateServiceCommand({ cluster, service, desiredCount: 0 }));
    return [{ kind: 'service', cluster, arn: service }];
  }
  const task = matchTask(await listTasks(client, { cluster: options.cluster }), name);
  if (!task) {
    throw new UserError(`There is no service and no running task ${name}.`, 'See them with: longshore ps');
  }
  const { taskArn = '', clusterArn = '' } = task;
  await client.send(new StopTaskCommand({ cluster: clusterArn, task: taskArn, reason: options.reason }));
  return [{ kind: 'task', cluster: clusterArn, arn: taskArn }];
}

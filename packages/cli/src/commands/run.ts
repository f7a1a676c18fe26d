// `longshore run`: an image as a task, or kept running as a service.
import { type ECSClient, RegisterTaskDefinitionCommand, RunTaskCommand, type Task } from '@aws-sdk/client-ecs';
import { UserError } from '@longshore/base';
import type { Command } from 'commander';
import { addConnectionOptions, type Connection, type ConnectionOptions } from '../connection.ts';
import { ecsClient, idOf } from '../ecs-client.ts';
import { familyOf, parseImageName, resolveImage } from '../image-name.ts';
import { printJson } from '../print-json.ts';
import {
  collect,
  type Publish,
  parseCount,
  parseCpu,
  parseMemory,
  parseName,
  parsePublish,
  parseSeconds,
  parseVariable,
  type Variable,
} from '../run-options.ts';
import { placementText, reservedMemoryMib, taskDefinitionOf } from '../run-plan.ts';
import { runService } from '../run-service.ts';
import { endedWell, runningText, stopText, untilRunning } from '../run-wait.ts';
import type { CliParts } from '../types.ts';
import { withServer } from '../with-server.ts';

interface RunOptions extends ConnectionOptions {
  readonly name?: string;
  readonly entrypoint?: string;
  readonly publish?: readonly Publish[];
  readonly env?: readonly Variable[];
  readonly memory?: number;
  readonly cpu?: number;
  readonly count: number;
  readonly service?: boolean;
  readonly exec?: boolean;
  readonly cluster: string;
  readonly timeout: number;
  readonly wait: boolean;
  readonly json?: boolean;
}

export function define(command: Command, parts: CliParts): void {
  const variable = (text: string) => parseVariable(text, parts.io.env);
  command
    .description('Runs an image as a task, or keeps it running as a service, and prints where its ports are.')
    .showHelpAfterError(
      'Options of what runs in the container go after --. Options of this command: longshore run --help',
    )
    .argument('<image>', 'NAME:TAG of this registry, else of Docker Hub; or HOST/NAME:TAG')
    .argument('[command...]', "what to run instead of the image's own command; after -- if it has options")
    .option(
      '--name <name>',
      "name of the task definition's family, of the container and of the service (default: from the image)",
      parseName,
    )
    .option(
      '-p, --publish <port>',
      'publish a port: 8080:80, or 80 for any free port; repeatable',
      collect(parsePublish),
    )
    .option(
      '-e, --env <name=value>',
      'set a variable; NAME alone takes it from this shell; repeatable',
      collect(variable),
    )
    .option(
      '-m, --memory <size>',
      `hard limit: 256m, 1g (default: none, with ${reservedMemoryMib} MiB reserved)`,
      parseMemory,
    )
    .option('--cpu <cores>', 'share of CPU reserved, in cores: 0.25', parseCpu)
    .option('--entrypoint <program>', "program to start instead of the image's own entry point")
    .option('--count <n>', 'how many', parseCount(1000), 1)
    .option('--service', 'keep that many running; a service of that name is updated')
    .option('--exec', 'let `longshore exec` run commands in it')
    .option('--cluster <name>', 'cluster to run in', 'default')
    .option('--timeout <seconds>', 'how long to wait until it runs', parseSeconds, 120)
    .option('--no-wait', 'do not wait until it runs')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  longshore run -p 8080:80 hello:1\n  longshore run --service --name web --count 2 -p 80 web:3\n  longshore run busybox -- sh -c "echo hi"\n',
    )
    .action((image: string, words: string[], options: RunOptions) => run(image, words, options, parts));
  addConnectionOptions(command);
}

async function run(image: string, words: readonly string[], options: RunOptions, parts: CliParts): Promise<void> {
  const family = options.name ?? familyOf(parseImageName(image));
  await withServer(options, parts, async (connection) => {
    const client = ecsClient(connection);
    const definition = taskDefinitionOf({
      family,
      image: await resolveImage(image, connection),
      command: words,
      entryPoint: options.entrypoint,
      publish: options.publish ?? [],
      variables: options.env ?? [],
      memory: options.memory,
      cpu: options.cpu,
    });
    const registered = await client.send(new RegisterTaskDefinitionCommand(definition));
    const taskDefinition = registered.taskDefinition?.taskDefinitionArn ?? family;
    const { cluster, count, wait } = options;
    const withinMs = options.timeout * 1000;
    const service = { cluster, service: family, taskDefinition, count, exec: options.exec, withinMs, wait };
    const tasks = options.service
      ? await runService(client, service, parts)
      : await runTasks(client, taskDefinition, options, parts);
    client.destroy();
    report(tasks, options, connection, parts);
  });
}

async function runTasks(
  client: ECSClient,
  taskDefinition: string,
  options: RunOptions,
  parts: CliParts,
): Promise<readonly Task[]> {
  const { cluster } = options;
  const started: Task[] = [];
  const withinMs = options.timeout * 1000;
  // RunTask starts ten at most.
  while (started.length < options.count) {
    const count = Math.min(10, options.count - started.length);
    const answer = await client.send(
      new RunTaskCommand({
        cluster,
        taskDefinition,
        count,
        startedBy: 'longshore-run',
        ...(options.exec && { enableExecuteCommand: true }),
      }),
    );
    started.push(...(answer.tasks ?? []));
    const failure = answer.failures?.[0];
    if (failure) {
      const some = started.length > 0 ? ` ${started.length} of ${options.count} tasks were started.` : '';
      throw new UserError(
        `It cannot be placed: ${placementText(failure.reason, failure.detail)}.${some}`,
        'See the machines with: longshore status',
      );
    }
    if (!answer.tasks?.length) throw new UserError('The server started no task and gave no reason.');
  }
  if (!options.wait) return started;
  const arns = started.map((task) => task.taskArn ?? '');
  return untilRunning(client, { cluster, arns, withinMs }, parts);
}

function report(tasks: readonly Task[], options: RunOptions, connection: Connection, { io }: CliParts): void {
  if (options.json) printJson(io, tasks);
  const failed = tasks.filter((task) => task.lastStatus === 'STOPPED' && !endedWell(task));
  if (!options.json) {
    for (const task of tasks) {
      if (task.lastStatus !== 'STOPPED') io.out(runningText(task, connection));
      else if (endedWell(task)) io.out(`${stopText(task)}\n`);
    }
  }
  if (failed.length === 0) return;
  const ran = failed.find((task) => task.containers?.some(({ exitCode }) => exitCode !== undefined));
  throw new UserError(
    failed.map(stopText).join('\n'),
    ran ? `See its output with: longshore logs ${idOf(ran.taskArn)}` : undefined,
  );
}

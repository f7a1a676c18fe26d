// `longshore agent`: the program of a further machine. Stopping it stops no container.
import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { findConnection } from '../connection.ts';
import { dataFolder } from '../data-folder.ts';
import { lineLogger } from '../line-logger.ts';
import { parseName } from '../run-options.ts';
import type { CliParts, ImagePull, LogLevel } from '../types.ts';

interface AgentOptions {
  readonly endpoint?: string;
  readonly region?: string;
  readonly cluster: string;
  readonly data?: string;
  readonly dockerHost: string;
  readonly publishAddress?: string;
  readonly gpus?: string;
  readonly taskFiles?: string;
  readonly taskFilesS3?: string;
  readonly imagePull: ImagePull;
  readonly preparedNetworks: number;
  readonly taskEndpoint: boolean;
  readonly attribute?: Readonly<Record<string, string>>;
  readonly advertiseAddress?: string;
  readonly cpu?: number;
  readonly memory?: number;
  readonly logLevel: LogLevel;
}

export function define(command: Command, parts: CliParts): void {
  const { env } = parts.io;
  command
    .description(
      'Runs containers on this machine for a Longshore elsewhere, until Ctrl-C; the containers run on. Its key is taken ' +
        'from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
    )
    .option('--endpoint <url>', 'the server (default: AWS_ENDPOINT_URL)')
    .option('--region <name>', 'its region (default: AWS_REGION, AWS_DEFAULT_REGION)')
    .option('--cluster <name>', 'cluster to join', parseName, env.LONGSHORE_CLUSTER || 'default')
    .option('--data <dir>', "folder of the agent's own state (default: LONGSHORE_DATA/agent)")
    .option(
      '--docker-host <url>',
      'socket of the Docker Engine',
      env.LONGSHORE_DOCKER_HOST || 'unix:///var/run/docker.sock',
    )
    .option('--publish-address <ip>', 'address that published container ports bind to (default: 0.0.0.0)')
    .option(
      '--advertise-address <ip>',
      'address by which others reach this machine (default: the one it reaches the server from)',
      parseAddress,
    )
    .option('--cpu <units>', 'CPU units to offer, 1024 a core (default: all)', parseAmount)
    .option('--memory <MiB>', 'memory to offer (default: all but 256)', parseAmount)
    .option('--gpus <ids>', 'GPUs that tasks may have: ID (NVIDIA) or ID=/dev/PATH, separated by commas')
    .option('--task-files <dir>', 'folder whose files tasks may take as secrets and environment files')
    .option('--task-files-s3 <url>', 's3://BUCKET/PREFIX?endpoint=URL&region=NAME&profile=NAME for environment files')
    .addOption(
      new Option('--image-pull <when>', 'when the registry is asked for an image')
        .choices(['default', 'always', 'once', 'prefer-cached'])
        .default('default'),
    )
    .option('--no-task-endpoint', 'do not tell containers of this machine about themselves at 169.254.170.2')
    .option(
      '--prepared-networks <count>',
      'network namespaces kept ready for containers that publish no ports',
      parsePrepared,
      parsePrepared(env.LONGSHORE_PREPARED_NETWORKS || '2'),
    )
    .option('--attribute <name=value>', 'attribute of this machine, for placement; repeatable', collectAttributes)
    .addOption(new Option('--log-level <level>').choices(['debug', 'info', 'warn', 'error']).default('info'))
    .addHelpText('after', '\nExample:\n  longshore agent --endpoint http://10.0.0.1:7077 --cluster default\n')
    .action((options: AgentOptions) => agent(options, parts));
}

async function agent(options: AgentOptions, parts: CliParts): Promise<void> {
  const { io, clock } = parts;
  const { endpoint, region } = options;
  const connection = await findConnection(
    { ...(endpoint === undefined ? {} : { endpoint }), ...(region === undefined ? {} : { region }) },
    parts,
  );
  const part = await parts.agent();
  const service = part.createAgent({
    endpoint: connection.endpoint,
    region: connection.region,
    credentials: connection.credentials,
    cluster: options.cluster,
    dataDir: options.data === undefined ? join(dataFolder(undefined, io.env), 'agent') : resolve(options.data),
    dockerHost: options.dockerHost,
    ...(options.publishAddress === undefined ? {} : { bindAddress: options.publishAddress }),
    ...(options.gpus === undefined ? {} : { gpus: options.gpus.split(',').filter(Boolean) }),
    ...(options.taskFiles === undefined ? {} : { taskFiles: resolve(options.taskFiles) }),
    ...(options.taskFilesS3 === undefined ? {} : { taskFilesS3: options.taskFilesS3 }),
    pullBehavior: options.imagePull,
    preparedNetworks: options.preparedNetworks,
    taskEndpoint: options.taskEndpoint,
    ...(options.attribute === undefined ? {} : { attributes: options.attribute }),
    ...(options.advertiseAddress === undefined ? {} : { address: options.advertiseAddress }),
    offer: {
      ...(options.cpu === undefined ? {} : { cpu: options.cpu }),
      ...(options.memory === undefined ? {} : { memory: options.memory }),
    },
    clock,
    log: lineLogger(options.logLevel, (line) => io.err(line), clock),
  });
  const undo = io.onInterrupt(() => {
    io.err('Stopping; the containers run on.\n');
    // A failure to stop shows in `run`, which is waited for.
    void service.stop().catch(() => undefined);
  });
  try {
    await service.run();
  } finally {
    undo();
  }
}

function parseAddress(text: string): string {
  if (isIP(text) === 0) throw new InvalidArgumentError('Write an IP address.');
  return text;
}

/** A whole number from 1 to a million. */
function parseAmount(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('Write a whole number of 1 or more.');
  return Number(text);
}

function parsePrepared(text: string): number {
  const count = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  if (!(count <= 64)) throw new InvalidArgumentError('Write a whole number from 0 to 64.');
  return count;
}

/** Collects `NAME=VALUE`. */
export function collectAttributes(
  text: string,
  earlier: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const match = /^([A-Za-z0-9_./-]{1,128})=(.{0,128})$/.exec(text);
  if (!match) throw new InvalidArgumentError('Write NAME=VALUE, each at most 128 characters.');
  return { ...earlier, [match[1] ?? '']: match[2] ?? '' };
}

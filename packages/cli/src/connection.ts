// Which server a command talks to and as whom: options, else AWS_ENDPOINT_URL and the AWS_… variables, else the data
// folder of this machine's own server.
import { UserError } from '@longshore/base';
import type { Command } from 'commander';
import { dataFolder, readCredentials, readRunning } from './data-folder.ts';
import type { CliParts } from './types.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface Connection {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: Credentials;
  /** Where the address came from, for messages: `AWS_ENDPOINT_URL`, `--endpoint`, the data folder. */
  readonly origin: string;
}

export interface ConnectionOptions {
  readonly endpoint?: string;
  readonly region?: string;
  readonly data?: string;
}

/** Adds the options that say which server, as a group of their own at the end of the help. */
export function addConnectionOptions(command: Command): void {
  command
    .optionsGroup('Which server:')
    .option('--endpoint <url>', 'server to talk to (default: AWS_ENDPOINT_URL, else the server of the data folder)')
    .option('--region <name>', 'region of that server (default: AWS_REGION, AWS_DEFAULT_REGION)')
    .option('--data <dir>', 'data folder of the server of this machine (default: LONGSHORE_DATA)');
}

/** The server and the credentials. Throws `UserError` if there is no server or no key. */
export async function findConnection(options: ConnectionOptions, parts: CliParts): Promise<Connection> {
  const { env } = parts.io;
  const folder = dataFolder(options.data, env);
  const stored = await readCredentials(folder);
  const given = options.endpoint ?? (options.data === undefined ? env.AWS_ENDPOINT_URL || undefined : undefined);
  if (given === undefined) {
    const running = await readRunning(folder);
    if (!running || !stored) {
      throw new UserError(
        `Longshore is not running with the data folder ${folder}.`,
        'Start it with: longshore up --detach (or name another server with --endpoint URL, another folder with --data DIR)',
      );
    }
    return {
      endpoint: checkedEndpoint(running.url, 'longshore.json'),
      region: options.region ?? running.region,
      credentials: { accessKeyId: stored.accessKeyId, secretAccessKey: stored.secretAccessKey },
      origin: `the data folder ${folder}`,
    };
  }
  const origin = options.endpoint === undefined ? 'AWS_ENDPOINT_URL' : '--endpoint';
  const credentials = credentialsOfEnvironment(env) ?? stored;
  if (!credentials) {
    throw new UserError(
      `There is no access key for ${given}.`,
      'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name the data folder of the server with --data DIR.',
    );
  }
  return {
    endpoint: checkedEndpoint(given, origin),
    region: options.region ?? (env.AWS_REGION || env.AWS_DEFAULT_REGION || stored?.region || 'us-east-1'),
    credentials: {
      accessKeyId: credentials.accessKeyId,
      secretAccessKey: credentials.secretAccessKey,
      ...('sessionToken' in credentials ? { sessionToken: credentials.sessionToken } : {}),
    },
    origin,
  };
}

/** `host:port` of the server's registry, as docker wants it. */
export function registryHost(endpoint: string): string {
  const { hostname, port, protocol } = new URL(endpoint);
  return `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`;
}

function credentialsOfEnvironment(env: Readonly<Record<string, string | undefined>>): Credentials | undefined {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: token } = env;
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, ...(token ? { sessionToken: token } : {}) };
}

function checkedEndpoint(url: string, origin: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.username || parsed.search || parsed.hash) {
    throw new UserError(`The address of ${origin} must be like http://127.0.0.1:7077.`);
  }
  return parsed.href.replace(/\/+$/, '');
}

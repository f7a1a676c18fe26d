// Every setting once: its key in the config file, its environment variable, its flag, its default and its check.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '@longshore/base';
import { z } from 'zod';
import { parseAddresses } from './addresses.ts';
import { parseDuration } from './duration.ts';
import { parseListen } from './listen.ts';

const durationSchema = z.string().transform((text, context) => {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  context.addIssue({ code: 'custom', message: 'a number with a unit: 500ms, 30s, 10m, 24h' });
  return z.NEVER;
});

const listenSchema = z.string().transform((text, context) => {
  const listen = parseListen(text);
  if (listen !== undefined) return listen;
  context.addIssue({ code: 'custom', message: 'HOST:PORT, e.g. 127.0.0.1:7077 or [::1]:7077' });
  return z.NEVER;
});

const truths: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  '1': true,
  false: false,
  no: false,
  on: true,
  off: false,
  '0': false,
};

/** A client must be able to send its manifest within it, after it was told that the layers are there. */
const minCollectGraceMs = 10_000;

const booleanSchema = z.union([z.boolean(), z.string()]).transform((value, context) => {
  const truth = typeof value === 'boolean' ? value : truths[value];
  if (truth !== undefined) return truth;
  context.addIssue({ code: 'custom', message: 'true or false' });
  return z.NEVER;
});

const addressesSchema = z.string().transform((text, context) => {
  const addresses = parseAddresses(text.trim());
  if (addresses !== undefined) return addresses;
  context.addIssue({ code: 'custom', message: 'an IP address, or a block of at most 4096 like 127.0.3.0/24' });
  return z.NEVER;
});

const hostsSchema = z.union([z.string(), z.array(z.string())]).transform((value, context) => {
  const hosts = (typeof value === 'string' ? value.split(',') : value).map((each) => each.trim().toLowerCase());
  const given = hosts.filter((each) => each !== '');
  if (given.every((each) => /^[a-z0-9.-]{1,253}(?::\d{1,5})?$/.test(each))) return given;
  context.addIssue({ code: 'custom', message: 'hosts with their ports, separated by commas: registry.lan:5000' });
  return z.NEVER;
});

/** Where data goes unless said otherwise. */
export function defaultDataDir(): string {
  return process.getuid?.() === 0 ? '/var/lib/longshore' : join(homedir(), '.local', 'share', 'longshore');
}

const settingsSchema = z.strictObject({
  data: z.string().min(1, 'a folder').default(defaultDataDir),
  listen: listenSchema.prefault('127.0.0.1:7077'),
  publicUrl: z.url({ protocol: /^https?$/, error: 'an http or https URL' }).optional(),
  replicaUrl: z.url({ protocol: /^https?$/, error: 'an http or https URL' }).optional(),
  store: z
    .string()
    .regex(/^(sqlite:|postgres(ql)?:\/\/)/, 'sqlite:/path/to/file.db or postgres://user:password@host/database')
    .optional(),
  blobs: z
    .string()
    .regex(/^s3:\/\//, 's3://BUCKET/PREFIX?endpoint=URL&region=NAME')
    .optional(),
  region: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'a region name like us-east-1')
    .default('us-east-1'),
  cluster: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,255}$/, '1 to 255 letters, digits, _ and -')
    .default('default'),
  agent: booleanSchema.default(true),
  hello: booleanSchema.default(true),
  dockerHost: z
    .string()
    .regex(/^unix:\/\/\//, 'unix:///path/to/docker.sock')
    .default('unix:///var/run/docker.sock'),
  publishAddress: z.union([z.ipv4(), z.ipv6()], { error: 'an IP address' }).optional(),
  advertiseAddress: z.union([z.ipv4(), z.ipv6()], { error: 'an IP address' }).optional(),
  gpus: z
    .union([z.string(), z.array(z.string())])
    .transform((value) =>
      (typeof value === 'string' ? value.split(',') : value).map((each) => each.trim()).filter(Boolean),
    )
    .prefault(''),
  taskFiles: z.string().min(1, 'a folder').optional(),
  taskFilesS3: z
    .string()
    .regex(/^s3:\/\//, 's3://BUCKET/PREFIX?endpoint=URL&region=NAME&profile=NAME')
    .optional(),
  imagePull: z
    .enum(['default', 'always', 'once', 'prefer-cached'], { error: 'default, always, once or prefer-cached' })
    .default('default'),
  taskNetwork: z
    .string()
    .regex(/^(\d{1,3}\.){3}\d{1,3}\/\d{1,2}$/, 'a range of IPv4 addresses like 10.208.0.0/12')
    .default('10.208.0.0/12'),
  taskEndpoint: booleanSchema.default(true),
  preparedNetworks: z.coerce.number({ error: 'a number' }).int().min(0).max(64, 'at most 64').default(2),
  agentTtl: durationSchema.refine((ms) => ms >= 1000, 'at least 1s').prefault('20s'),
  agentLostAfter: durationSchema.prefault('30s'),
  agentReturnGrace: durationSchema.prefault('5m'),
  scheduler: z
    .string()
    .regex(/^(unix:\/|https?:\/\/)/, 'unix:/path/to/socket or an http or https URL')
    .optional(),
  schedulerTimeout: durationSchema.refine((ms) => ms >= 10 && ms <= 30_000, '10ms to 30s').prefault('1s'),
  schedulerFailure: z.enum(['fall-back', 'refuse'], { error: 'fall-back or refuse' }).default('fall-back'),
  prometheus: z.url({ protocol: /^https?$/, error: 'an http or https URL' }).optional(),
  machineGroups: z.string().min(1, 'a file').optional(),
  scaleInAfter: durationSchema.prefault('15m'),
  imageMinAge: durationSchema.prefault('24h'),
  measureEvery: durationSchema.prefault('5s'),
  uploadTtl: durationSchema.prefault('24h'),
  accessLog: booleanSchema.default(false),
  collectGrace: durationSchema.refine((ms) => ms >= minCollectGraceMs, 'at least 10s').prefault('24h'),
  collectEvery: durationSchema.refine((ms) => ms >= 100, 'at least 100ms').prefault('1h'),
  externalKms: z.string().min(1, 'a file').optional(),
  pullThroughTagTtl: durationSchema.prefault('10m'),
  pullThroughPrivate: booleanSchema.default(false),
  pullThroughInsecure: hostsSchema.prefault(''),
  balanceAddress: addressesSchema.prefault('127.0.0.1'),
  dnsListen: listenSchema.prefault('127.0.0.1:7053'),
  haproxy: z.string().min(1, 'a file').optional(),
  logLevel: z.enum(['debug', 'info', 'warn', 'error'], { error: 'debug, info, warn or error' }).default('info'),
});

export type Settings = z.output<typeof settingsSchema>;
export type SettingKey = keyof Settings;

export interface SettingRow {
  readonly key: SettingKey;
  /** `LONGSHORE_…` */
  readonly env: string;
  /** As commander writes it: `--data <dir>`, `--no-hello`. */
  readonly flag: string;
  readonly description: string;
  readonly default: string;
}

/** The settings as people see them, in the order of the help text. */
export const settingsTable: readonly SettingRow[] = Object.freeze([
  row(
    'data',
    '--data <dir>',
    'folder that holds everything: database, layers, keys',
    '/var/lib/longshore (root) or ~/.local/share/longshore',
  ),
  row('listen', '--listen <host:port>', 'address of the one port', '127.0.0.1:7077'),
  row(
    'publicUrl',
    '--public-url <url>',
    'how others reach this server, if not by the address they dial',
    'the Host that was asked for',
  ),
  row(
    'replicaUrl',
    '--replica-url <url>',
    'how agents reach this very server, where several share a store',
    'as they reach the service',
  ),
  row('store', '--store <url>', 'sqlite:/file.db or postgres://user:password@host/db', 'sqlite:DATA/longshore.db'),
  row(
    'blobs',
    '--blobs <url>',
    's3://BUCKET/PREFIX?endpoint=URL&region=NAME for layers in S3; credentials as AWS SDKs find them',
    'the folder DATA/registry',
  ),
  row('region', '--region <name>', 'region name in ARNs and signatures', 'us-east-1'),
  row('cluster', '--cluster <name>', 'cluster that the agent of this machine joins', 'default'),
  row('agent', '--no-agent', 'do not run containers on this machine', 'true'),
  row('hello', '--no-hello', 'do not build and run the hello service at the first start', 'true'),
  row('dockerHost', '--docker-host <url>', 'socket of the Docker Engine', 'unix:///var/run/docker.sock'),
  row(
    'publishAddress',
    '--publish-address <ip>',
    'address that published container ports bind to',
    '127.0.0.1 if listening on loopback, else 0.0.0.0',
  ),
  row(
    'advertiseAddress',
    '--advertise-address <ip>',
    'address by which others reach the containers of this machine',
    'the address that this machine reaches the server from',
  ),
  row(
    'gpus',
    '--gpus <ids>',
    'GPUs of this machine that tasks may have: ID or ID=/dev/PATH, separated by commas',
    'none',
  ),
  row('taskFiles', '--task-files <dir>', 'folder whose files tasks on this machine may take as secrets', 'none'),
  row(
    'taskFilesS3',
    '--task-files-s3 <url>',
    's3://BUCKET/PREFIX?endpoint=URL&region=NAME&profile=NAME below which environment files may be read',
    'none',
  ),
  row(
    'imagePull',
    '--image-pull <when>',
    'when the registry is asked for an image: default, always, once or prefer-cached',
    'default',
  ),
  row(
    'taskNetwork',
    '--task-network <range>',
    'addresses of tasks in awsvpc mode; a /24 of it an instance',
    '10.208.0.0/12',
  ),
  row(
    'taskEndpoint',
    '--no-task-endpoint',
    'do not tell containers of this machine about themselves at 169.254.170.2',
    'true',
  ),
  row(
    'preparedNetworks',
    '--prepared-networks <count>',
    'network namespaces kept ready for containers that publish no ports',
    '2',
  ),
  row('agentTtl', '--agent-ttl <duration>', 'an agent that says nothing for so long is disconnected', '20s'),
  row(
    'agentLostAfter',
    '--agent-lost-after <duration>',
    'an instance whose agent is disconnected for so long is lost: services replace its tasks',
    '30s',
  ),
  row(
    'agentReturnGrace',
    '--agent-return-grace <duration>',
    'the same after a start of the server, when agents have to find it again',
    '5m',
  ),
  row('scheduler', '--scheduler <address>', 'a scheduler of your own: unix:/path/to/socket or an HTTP URL', ''),
  row('schedulerTimeout', '--scheduler-timeout <duration>', 'how long its answer is waited for', '1s'),
  row(
    'schedulerFailure',
    '--scheduler-failure <what>',
    'when it fails: fall-back (Longshore decides) or refuse (nothing is placed)',
    'fall-back',
  ),
  row('prometheus', '--prometheus <url>', 'the Prometheus whose alerts are the alarms that deployments watch', ''),
  row(
    'machineGroups',
    '--machine-groups <file>',
    'JSON file of the machines that capacity providers may ask for',
    'none',
  ),
  row(
    'scaleInAfter',
    '--scale-in-after <duration>',
    'an instance of a scaling capacity provider that runs nothing for so long is let go',
    '15m',
  ),
  row('imageMinAge', '--image-min-age <duration>', 'pulled images that no task used for so long are removed', '24h'),
  row('measureEvery', '--measure-every <duration>', 'pause between two measurements of the containers', '5s'),
  row('uploadTtl', '--upload-ttl <duration>', 'an upload that received nothing for this long is cancelled', '24h'),
  row('accessLog', '--access-log', 'a line in the log for each request to the registry', 'false'),
  row(
    'collectGrace',
    '--collect-grace <duration>',
    'how long a layer that no image names stays at least; 10s or more',
    '24h',
  ),
  row('collectEvery', '--collect-every <duration>', 'pause between two rounds of collection', '1h'),
  row('externalKms', '--external-kms <file>', 'JSON file of KMS endpoints that customers hold', 'none'),
  row(
    'pullThroughTagTtl',
    '--pull-through-tag-ttl <duration>',
    'a cached tag is looked at again after this long',
    '10m',
  ),
  row(
    'pullThroughPrivate',
    '--pull-through-private',
    'let the rules of every account, not only the first, reach private networks and this machine',
    'false',
  ),
  row(
    'pullThroughInsecure',
    '--pull-through-insecure <hosts>',
    'upstream hosts that may be asked without TLS, besides loopback',
    'none',
  ),
  row(
    'balanceAddress',
    '--balance-address <ip or block>',
    'where load balancers listen; of a block each gets an address of its own',
    '127.0.0.1',
  ),
  row('dnsListen', '--dns-listen <host:port>', 'where service discovery answers, by UDP and TCP', '127.0.0.1:7053'),
  row('haproxy', '--haproxy <file>', 'the HAProxy that carries the traffic of load balancers', 'haproxy in PATH'),
  row('logLevel', '--log-level <level>', 'debug, info, warn or error', 'info'),
]);

function row(key: SettingKey, flag: string, description: string, byDefault: string): SettingRow {
  const env = `LONGSHORE_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
  return Object.freeze({ key, env, flag, description, default: byDefault });
}

export interface SettingSources {
  /** By key, as the command line gave them; left out or undefined = not given. */
  readonly flags?: Readonly<Partial<Record<SettingKey, unknown>>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The parsed config file. */
  readonly file?: unknown;
  /** Its name, for messages. */
  readonly fileName?: string;
}

/** The settings: a flag wins over the environment, that over the file, that over the default. Throws `UserError`. */
export function readSettings(sources: SettingSources): Settings {
  const file = fileObject(sources.file, sources.fileName ?? 'the config file');
  const values: Record<string, unknown> = { ...file };
  const origin: Record<string, string> = {};
  for (const key of Object.keys(file)) origin[key] = `${key} in ${sources.fileName ?? 'the config file'}`;
  for (const each of settingsTable) {
    const fromEnv = sources.env?.[each.env];
    if (fromEnv !== undefined && fromEnv !== '') {
      values[each.key] = fromEnv;
      origin[each.key] = `the environment variable ${each.env}`;
    }
    const fromFlag = sources.flags?.[each.key];
    if (fromFlag !== undefined) {
      values[each.key] = fromFlag;
      origin[each.key] = `the option ${each.flag.split(' ')[0]}`;
    }
  }
  const parsed = settingsSchema.safeParse(values);
  if (parsed.success) return parsed.data;
  throw new UserError(parsed.error.issues.map((issue) => explain(issue, origin, sources.fileName)).join('\n'));
}

function fileObject(file: unknown, name: string): Record<string, unknown> {
  if (file === undefined) return {};
  if (typeof file === 'object' && file !== null && !Array.isArray(file)) return file as Record<string, unknown>;
  throw new UserError(`${name} must hold one JSON object of settings`);
}

function explain(
  issue: z.core.$ZodIssue,
  origin: Readonly<Record<string, string>>,
  fileName = 'the config file',
): string {
  if (issue.code === 'unrecognized_keys') {
    const known = settingsTable.map((each) => each.key).join(', ');
    return `${fileName}: there is no setting ${issue.keys.join(', ')}. Settings are: ${known}`;
  }
  const key = String(issue.path[0]);
  return `${origin[key] ?? key} has a wrong value: it must be ${issue.message}`;
}

// Starts a real Longshore, as a user would (`bin/longshore up`), in a data folder of its own, and kills or stops it.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');

export interface LongshoreOptions {
  /** Continue with this folder (after a stop or a kill). */
  readonly dataDir?: string;
  readonly port?: number;
  /** The address to listen on; 127.0.0.1 if left out. */
  readonly address?: string;
  /** `postgres://…`; SQLite in the data folder if left out. */
  readonly store?: string | undefined;
  /** What `up` is given besides; the hello service is left out always. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly account: string;
  readonly region: string;
}

export interface Longshore extends AsyncDisposable {
  readonly url: string;
  /** `ADDRESS:PORT` */
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  readonly credentials: Credentials;
  readonly process: ChildProcess;
  /** What clients need, as `longshore env` exports it. */
  readonly env: Readonly<Record<string, string>>;
  log(): string;
  /** kill -9, and waits until it is gone. */
  kill(): Promise<void>;
  /** SIGTERM, and waits until it is gone. */
  stop(): Promise<void>;
}

/** A port that was free a moment ago. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  return address.port;
}

/** Waits until `check` gives something other than undefined or false. Throws `what` after `timeoutMs`. */
export async function until<T>(
  what: string,
  check: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await check();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain until ${what}`);
    await pause(25);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Starts Longshore and waits until it is ready. `await using` removes it with its data and its containers. */
export async function startLongshore(options: LongshoreOptions = {}): Promise<Longshore> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'longshore-test-'));
  const address = options.address ?? '127.0.0.1';
  const port = options.port ?? (await freePort(address));
  const host = `${address}:${port}`;
  const url = `http://${host}`;
  const logFile = join(dataDir, 'test.log');
  const out = openSync(logFile, 'a');
  const args = [
    'up',
    '--data',
    dataDir,
    '--listen',
    host,
    ...(options.store ? ['--store', options.store] : []),
    '--no-hello',
    ...(options.args ?? []),
  ];
  const child = spawn(join(root, 'bin', 'longshore'), args, {
    stdio: ['ignore', out, out],
    // A server that is killed could not give back what it prepared, and there is one task endpoint a machine.
    env: { ...process.env, LONGSHORE_PREPARED_NETWORKS: '0', LONGSHORE_TASK_ENDPOINT: 'off', ...options.env },
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const log = () => readFileSync(logFile, 'utf8');
  await until(`Longshore is ready; its log:\n${log()}`, async () => {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`Longshore ended at its start:\n${log()}`);
    return fetch(`${url}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    );
  });
  const credentials = JSON.parse(readFileSync(join(dataDir, 'credentials.json'), 'utf8')) as Credentials;
  async function end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await ended;
  }
  return {
    url,
    host,
    port,
    dataDir,
    credentials,
    process: child,
    env: {
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_DEFAULT_REGION: credentials.region,
      AWS_REGION: credentials.region,
      AWS_ENDPOINT_URL: url,
      AWS_PAGER: '',
      LONGSHORE_REGISTRY: host,
      LONGSHORE_ACCOUNT: credentials.account,
      LONGSHORE_DATA: dataDir,
    },
    log,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    async [Symbol.asyncDispose]() {
      await end('SIGTERM');
      if (!args.includes('--no-agent')) await removeContainersOf(credentials.account);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Removes the containers that tasks of `account` left behind; no others. */
async function removeContainersOf(account: string): Promise<void> {
  const { docker } = await import('./docker.ts');
  for (const container of await docker.taskContainers(account)) await docker.remove(container.id);
}

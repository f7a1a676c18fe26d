// A throw-away S3 server for tests: versitygw (github.com/versity/versitygw, Apache-2.0; script/go-tools builds it) over a
// folder of its own on a free port of 127.0.0.1, gone when it is stopped. A real server, independent of the SDK.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { newHexId, systemClock } from '@longshore/base';

export interface ThrowAwayS3 {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Makes an empty bucket; the URL for `openS3BlobStore`, with `query` after the endpoint: `&redirect=true`. */
  bucket(query?: string): Promise<{ readonly name: string; readonly url: string; readonly folder: string }>;
  stop(): Promise<void>;
}

export const missingS3Server = 'needs versitygw: script/go-tools versitygw builds it where Go is installed';

/** The server's program, or undefined: then tests skip, saying `missingS3Server`. */
export function findS3Server(): string | undefined {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const built = process.env['LONGSHORE_GO_BIN'] ?? join(cache, 'longshore', 'go-bin');
  return [built, ...(process.env['PATH'] ?? '').split(delimiter)]
    .map((dir) => join(dir, 'versitygw'))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

/** Starts one. Throws if its program is not there, and with its words if it does not start. */
export async function startS3Server(): Promise<ThrowAwayS3> {
  const program = findS3Server();
  if (program === undefined) throw new Error(`The S3 store ${missingS3Server}`);
  const folder = await mkdtemp(join(tmpdir(), 'longshore-s3-'));
  const [data, meta, port] = [join(folder, 'data'), join(folder, 'meta'), await freePort()];
  await Promise.all([mkdir(data), mkdir(meta)]);
  const credentials = { accessKeyId: 'longshore-test', secretAccessKey: newHexId() };
  const server = [program, '--port', `127.0.0.1:${port}`, '--quiet', '--keep-alive', 'posix', '--sidecar', meta, data];
  // So that it ends with this process even if that is killed (PR_SET_PDEATHSIG by setpriv, on Linux).
  const leash = isExecutable('/usr/bin/setpriv') ? ['/usr/bin/setpriv', '--pdeathsig', 'KILL', '--'] : [];
  const [command = '', ...args] = [...leash, ...server];
  const env = {
    PATH: process.env['PATH'],
    ROOT_ACCESS_KEY_ID: credentials.accessKeyId,
    ROOT_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  const stop = async () => {
    await end(child);
    await rm(folder, { recursive: true, force: true });
  };
  const endpoint = `http://127.0.0.1:${port}`;
  try {
    await untilAnswers(child, endpoint);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    endpoint,
    credentials,
    async bucket(query = '') {
      const name = `test-${newHexId()}`;
      const { CreateBucketCommand, S3Client } = await import('@aws-sdk/client-s3');
      const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
      await client.send(new CreateBucketCommand({ Bucket: name }));
      client.destroy();
      return { name, url: `s3://${name}/registry?endpoint=${endpoint}${query}`, folder: join(data, name) };
    },
    stop,
  };
}

async function untilAnswers(child: ChildProcess, endpoint: string): Promise<void> {
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4_000);
    });
  }
  for (const deadline = Date.now() + 20_000; Date.now() < deadline && child.exitCode === null; ) {
    const answers = await fetch(endpoint).then(
      () => true,
      () => false,
    );
    if (answers) return;
    await systemClock.sleep(25);
  }
  throw new Error(`The S3 server did not start:\n${said}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

// The two registries that are compared: Longshore, as `longshore up` starts it, and Debian's docker-registry
// (the CNCF distribution), each with its data in a folder on the same disk.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../test/support/command.ts';
import { freePort, startLongshore, until } from '../test/support/longshore.ts';
import { registryAuthorization } from '../test/support/push.ts';

export interface Side extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  /** The Authorization header of every request; undefined where there is none. */
  readonly authorization: string | undefined;
}

export const repository = 'bench/image';

/** Every request carries a bearer token, which Longshore verifies. */
export async function longshoreSide(): Promise<Side> {
  const longshore = await startLongshore({ args: ['--no-hello', '--no-agent'] });
  const basic = await registryAuthorization(longshore);
  const scope = encodeURIComponent(`repository:${repository}:pull,push`);
  const answer = await fetch(`${longshore.url}/v2/token?service=longshore&scope=${scope}`, {
    headers: { authorization: basic },
  });
  const { token } = (await answer.json()) as { readonly token: string };
  return {
    name: 'Longshore',
    url: longshore.url,
    pid: longshore.process.pid ?? 0,
    authorization: `Bearer ${token}`,
    [Symbol.asyncDispose]: () => longshore[Symbol.asyncDispose](),
  };
}

/** Without authentication and without a log of requests, as it is fastest. */
export async function peerSide(): Promise<Side> {
  const dir = await mkdtemp(join(tmpdir(), 'longshore-bench-peer-'));
  const port = await freePort();
  const config = join(dir, 'config.yml');
  await writeFile(
    config,
    `version: 0.1
log: { level: error, accesslog: { disabled: true } }
storage:
  cache: { blobdescriptor: inmemory }
  filesystem: { rootdirectory: ${dir}/data }
http: { addr: 127.0.0.1:${port} }
`,
  );
  const child = spawn('/usr/bin/docker-registry', ['serve', config], { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = `http://127.0.0.1:${port}`;
  await until('docker-registry answers', () =>
    fetch(`${url}/v2/`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  return {
    name: 'docker-registry',
    url,
    pid: child.pid ?? 0,
    authorization: undefined,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await ended;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export async function peerVersion(): Promise<string> {
  return (await run('/usr/bin/docker-registry', ['--version'])).trim().split(' ').at(-1) ?? '';
}

// The registries that are compared: Longshore, as `longshore up` starts it, Debian's docker-registry (the CNCF
// distribution 2.8) and, where Go can build it, the current distribution; each with its data in a folder on the same disk.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, tryRun } from '../test/support/command.ts';
import { freePort, startLongshore, until } from '../test/support/longshore.ts';
import { registryAuthorization } from '../test/support/push.ts';

export interface Side extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  /** The Authorization header of every request; undefined where there is none. */
  readonly authorization: string | undefined;
  /** The same, good for every repository. */
  readonly wideAuthorization: string | undefined;
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
    wideAuthorization: basic,
    [Symbol.asyncDispose]: () => longshore[Symbol.asyncDispose](),
  };
}

const debianBinary = '/usr/bin/docker-registry';
const distribution = 'github.com/distribution/distribution/v3/cmd/registry@v3.1.2';

/** The current distribution's binary, built once; undefined where there is no Go, or it cannot have the sources. */
async function distributionBinary(): Promise<string | undefined> {
  const given = process.env.LONGSHORE_BENCH_DISTRIBUTION;
  if (given !== undefined) return given === '' ? undefined : given;
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'longshore', 'bench');
  const binary = join(folder, 'registry');
  if (existsSync(binary)) return binary;
  const env = { GOBIN: folder, GOFLAGS: '-mod=mod' };
  const built = await tryRun('go', ['install', distribution], { env, timeoutMs: 600_000 });
  return built.code === 0 && existsSync(binary) ? binary : undefined;
}

/** Debian's docker-registry, and the current distribution if it can be had. */
export async function peerSides(): Promise<Side[]> {
  const newer = await distributionBinary();
  const sides = [await peerSide(debianBinary, 'docker-registry')];
  if (newer !== undefined) sides.push(await peerSide(newer, 'distribution'));
  return sides;
}

/** Without authentication and without a log of requests, as it is fastest. */
async function peerSide(binary: string, name: string): Promise<Side> {
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
  const child = spawn(binary, ['serve', config], {
    stdio: ['ignore', 'ignore', 'inherit'],
    // Distribution 3 sends traces to a collector unless told not to, which would cost it time here.
    env: { ...process.env, OTEL_TRACES_EXPORTER: 'none' },
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = `http://127.0.0.1:${port}`;
  await until(`${name} answers`, () =>
    fetch(`${url}/v2/`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  return {
    name,
    url,
    pid: child.pid ?? 0,
    authorization: undefined,
    wideAuthorization: undefined,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await ended;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export async function peerVersion(): Promise<string> {
  return (await run(debianBinary, ['--version'])).trim().split(' ').at(-1) ?? '';
}

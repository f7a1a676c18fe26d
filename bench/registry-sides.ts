// The registries that are compared: Longshore, as `longshore up` starts it, Debian's docker-registry (the CNCF
// distribution 2.8) and, where Go can build them, the current distribution and zot; each with its data in a folder on the same disk.
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
  const longshore = await startLongshore({ args: ['--no-agent'] });
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
interface Buildable {
  /** Of the binary that `go install` makes. */
  readonly file: string;
  readonly module: string;
  /** Names a binary to use instead; empty: none. */
  readonly variable: string;
  readonly env?: Readonly<Record<string, string>>;
}

const distribution: Buildable = {
  file: 'registry',
  module: 'github.com/distribution/distribution/v3/cmd/registry@v3.1.2',
  variable: 'LONGSHORE_BENCH_DISTRIBUTION',
};
/** Without its extensions, as its own benchmarks run it. */
const zot: Buildable = {
  file: 'zot',
  module: 'zotregistry.dev/zot/v2/cmd/zot@v2.1.9',
  variable: 'LONGSHORE_BENCH_ZOT',
  env: { CGO_ENABLED: '0', GOEXPERIMENT: 'jsonv2' },
};

/** The binary, built once; undefined where there is no Go, or it cannot have the sources. */
async function built({ file, module, variable, env }: Buildable): Promise<string | undefined> {
  const given = process.env[variable];
  if (given !== undefined) return given === '' ? undefined : given;
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'longshore', 'bench');
  const binary = join(folder, file);
  if (existsSync(binary)) return binary;
  const result = await tryRun('go', ['install', module], {
    env: { GOBIN: folder, GOFLAGS: '-mod=mod', ...env },
    timeoutMs: 900_000,
  });
  return result.code === 0 && existsSync(binary) ? binary : undefined;
}

/** Debian's docker-registry, and the current distribution and zot if they can be had. */
export async function peerSides(): Promise<Side[]> {
  const [newer, other] = [await built(distribution), await built(zot)];
  const sides = [await peerSide(debianBinary, 'docker-registry', distributionConfig)];
  if (newer !== undefined) sides.push(await peerSide(newer, 'distribution', distributionConfig));
  if (other !== undefined) sides.push(await peerSide(other, 'zot', zotConfig));
  return sides;
}

const distributionConfig = (dir: string, port: number) => `version: 0.1
log: { level: error, accesslog: { disabled: true } }
storage:
  cache: { blobdescriptor: inmemory }
  filesystem: { rootdirectory: ${dir}/data }
http: { addr: 127.0.0.1:${port} }
`;

const zotConfig = (dir: string, port: number) =>
  JSON.stringify({
    distSpecVersion: '1.1.1',
    storage: { rootDirectory: `${dir}/data` },
    http: { address: '127.0.0.1', port: String(port) },
    log: { level: 'error' },
  });

/** Without authentication and without a log of requests, as it is fastest. */
async function peerSide(binary: string, name: string, configOf: (dir: string, port: number) => string): Promise<Side> {
  const dir = await mkdtemp(join(tmpdir(), 'longshore-bench-peer-'));
  const port = await freePort();
  const config = join(dir, name === 'zot' ? 'config.json' : 'config.yml');
  await writeFile(config, configOf(dir, port));
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

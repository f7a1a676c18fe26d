// A Longshore for tests of registry clients: started as a user would, with a folder that is the clients' home.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './command.ts';
import { registryPassword } from './login.ts';
import { type Longshore, startLongshore } from './longshore.ts';

export interface OciRegistry {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly url: string;
  readonly password: string;
  /** Empty at first; the home of every client that `client` runs. */
  readonly folder: string;
  /** Runs a client that must succeed; gives what it printed on standard output. */
  client(
    command: string,
    args: readonly string[],
    options?: { input?: string; env?: Record<string, string> },
  ): Promise<string>;
  /** Asks the registry itself, with the password. */
  ask(path: string, init?: { method?: string; headers?: Record<string, string> }): Promise<Response>;
  close(): Promise<void>;
}

const clientTimeoutMs = 90_000;

export async function openOciRegistry(): Promise<OciRegistry> {
  const longshore: Longshore = await startLongshore({ args: ['--no-agent'] });
  const folder = mkdtempSync(join(tmpdir(), 'oci-client-'));
  const password = await registryPassword(longshore);
  const authorization = `Basic ${Buffer.from(`AWS:${password}`).toString('base64')}`;
  return {
    host: longshore.host,
    url: longshore.url,
    password,
    folder,
    client: (command, args, { input = '', env = {} } = {}) =>
      run(command, args, {
        cwd: folder,
        timeoutMs: clientTimeoutMs,
        input,
        env: {
          HOME: folder,
          XDG_CACHE_HOME: join(folder, 'cache'),
          XDG_CONFIG_HOME: join(folder, 'config'),
          DOCKER_CONFIG: join(folder, 'docker'),
          REGISTRY_AUTH_FILE: join(folder, 'auth.json'),
          ...env,
        },
      }),
    ask: (path, init = {}) =>
      fetch(`${longshore.url}${path}`, { ...init, headers: { ...init.headers, authorization } }),
    async close() {
      await longshore[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The digest that the registry has for a tag; undefined if there is none. */
export async function digestOfTag(at: OciRegistry, name: string, tag: string): Promise<string | undefined> {
  const accept =
    'application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json';
  const answer = await at.ask(`/v2/${name}/manifests/${tag}`, { method: 'HEAD', headers: { accept } });
  return answer.headers.get('docker-content-digest') ?? undefined;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly artifactType?: string;
}

/** A manifest as it is stored. */
export async function manifestOf(
  at: OciRegistry,
  name: string,
  reference: string,
): Promise<{ mediaType?: string; artifactType?: string; layers?: Descriptor[]; manifests?: Descriptor[] }> {
  const answer = await at.ask(`/v2/${name}/manifests/${reference}`);
  return (await answer.json()) as { mediaType?: string; layers?: Descriptor[]; manifests?: Descriptor[] };
}

export async function referrersOf(at: OciRegistry, name: string, digest: string): Promise<Descriptor[]> {
  const answer = await at.ask(`/v2/${name}/referrers/${digest}`);
  return ((await answer.json()) as { manifests: Descriptor[] }).manifests;
}

// The Docker Engine as the agent uses it: typed calls, from API 1.25 (Docker 1.13) to today's.
import { UserError } from '@longshore/base';
import { EngineError, isStatus } from './errors.ts';
import { jsonLines } from './lines.ts';
import { createTransport } from './transport.ts';
import type {
  ContainerInspection,
  ContainerSummary,
  CreateBody,
  EngineEvent,
  EngineInfo,
  EngineVersion,
  ImageInspection,
  NetworkBody,
  NetworkInspection,
  RegistryCredential,
  VolumeBody,
} from './types.ts';

/** The newest API that this client was written against; an older Engine is spoken to in its own version. */
const ourApi = '1.47';
const oldestApi = '1.25';

const second = 1000;
const limits = {
  ask: 30 * second,
  create: 240 * second,
  start: 180 * second,
  remove: 300 * second,
  pullBegin: 300 * second,
  pullSilence: 60 * second,
  /** Beside the time that the container itself is given. */
  stopMargin: 120 * second,
};

export interface Engine {
  /** The API version in use, e.g. `1.41`. */
  apiVersion(): Promise<string>;
  version(): Promise<EngineVersion>;
  info(): Promise<EngineInfo>;
  /** Undefined if the image is not on this machine. */
  inspectImage(reference: string): Promise<ImageInspection | undefined>;
  /** Pulls an image; resolves when it is complete. Throws EngineError, also for errors told inside the progress. */
  pullImage(reference: string, credential: RegistryCredential | undefined, signal?: AbortSignal): Promise<void>;
  /** Makes an image of one layer from a tar archive; `change` is an instruction of a Dockerfile. */
  importImage(
    archive: Buffer,
    name: { readonly repository: string; readonly tag: string },
    change: string,
  ): Promise<void>;
  /** The id of the new container; an empty name leaves the choice to the Engine. Throws EngineError 409 if the name is taken and 404 if the image is missing. */
  createContainer(name: string, body: CreateBody, signal?: AbortSignal): Promise<string>;
  /** Starts a container; nothing happens if it runs already. */
  startContainer(id: string, signal?: AbortSignal): Promise<void>;
  /** SIGTERM, then after `graceSeconds` (or what it was made with) SIGKILL; resolves when it has stopped. Nothing happens if it has already. */
  stopContainer(id: string, graceSeconds: number | undefined, signal?: AbortSignal): Promise<void>;
  killContainer(id: string, unixSignal: string): Promise<void>;
  /** By id or name; undefined if there is none. */
  inspectContainer(idOrName: string, signal?: AbortSignal): Promise<ContainerInspection | undefined>;
  /** Removes a container (killing it) and its anonymous volumes; nothing happens if it is gone. */
  removeContainer(id: string, signal?: AbortSignal): Promise<void>;
  /** All containers, stopped ones too, that carry every label (`key=value`). */
  listContainers(labels: readonly string[]): Promise<readonly ContainerSummary[]>;
  /** The Engine's own statistics of a container, once, without waiting for a second reading. */
  stats(id: string): Promise<unknown>;
  /** By id or name; undefined if there is none. */
  inspectNetwork(idOrName: string): Promise<NetworkInspection | undefined>;
  /** Throws EngineError 409 if the name is taken, 403 if the subnet is. */
  createNetwork(body: NetworkBody): Promise<void>;
  listNetworks(labels: readonly string[]): Promise<readonly NetworkInspection[]>;
  /** Throws EngineError 403 if a container is on it; nothing happens if it is gone. */
  removeNetwork(id: string): Promise<void>;
  /** Makes a volume; nothing happens if it exists with the same driver. */
  createVolume(body: VolumeBody): Promise<void>;
  removeVolume(name: string): Promise<void>;
  /** Events of containers with every label from `since` (seconds, with fraction) on; resolves when the stream is open. */
  events(
    labels: readonly string[],
    since: number | undefined,
    signal: AbortSignal,
  ): Promise<AsyncIterable<EngineEvent>>;
  close(): void;
}

function apiNumber(version: string): number {
  const [major, minor] = version.split('.');
  return Number(major) * 1000 + Number(minor);
}

/** The API version to speak with an Engine that offers `server`. Throws UserError if it is too old. */
export function chooseApi(server: string): string {
  if (!/^\d+\.\d+$/.test(server)) return oldestApi;
  if (apiNumber(server) < apiNumber(oldestApi))
    throw new UserError(`This Docker Engine speaks API ${server}.`, 'Install Docker 1.13 or newer.');
  return apiNumber(server) < apiNumber(ourApi) ? server : ourApi;
}

const filters = (value: Readonly<Record<string, readonly string[]>>) => encodeURIComponent(JSON.stringify(value));

/** URL-safe base64 *with* padding: without it, the Engine ignores the credential and pulls anonymously. */
function credentialHeader(credential: RegistryCredential): string {
  return Buffer.from(JSON.stringify(credential)).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

export function createEngine(options: { readonly dockerHost: string }): Engine {
  const transport = createTransport(options.dockerHost);
  let api: Promise<string> | undefined;

  async function negotiate(): Promise<string> {
    const { headers } = await transport.call({ method: 'GET', path: '/_ping', timeoutMs: limits.ask });
    const offered = headers['api-version'];
    return chooseApi(typeof offered === 'string' ? offered : oldestApi);
  }

  function apiVersion(): Promise<string> {
    api ??= negotiate().catch((error: unknown) => {
      api = undefined;
      throw error;
    });
    return api;
  }

  const path = async (rest: string) => `/v${await apiVersion()}${rest}`;

  async function get<T>(rest: string, signal?: AbortSignal): Promise<T> {
    const { text } = await transport.call({ method: 'GET', path: await path(rest), timeoutMs: limits.ask, signal });
    return JSON.parse(text) as T;
  }

  async function post(rest: string, timeoutMs: number, body?: unknown, signal?: AbortSignal): Promise<string> {
    return (await transport.call({ method: 'POST', path: await path(rest), timeoutMs, body, signal })).text;
  }

  async function orUndefined<T>(work: Promise<T>): Promise<T | undefined> {
    try {
      return await work;
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      throw error;
    }
  }

  /** Reads a pull's progress to its end; gives up when nothing comes for `pullSilence`. */
  async function followPull(stream: NodeJS.ReadableStream & { destroy(error?: Error): unknown }): Promise<void> {
    const silence = () =>
      setTimeout(
        () =>
          stream.destroy(new EngineError(0, `the pull made no progress for ${limits.pullSilence / second} seconds`)),
        limits.pullSilence,
      );
    let timer = silence();
    try {
      for await (const line of jsonLines(stream as unknown as AsyncIterable<Buffer>)) {
        clearTimeout(timer);
        timer = silence();
        const progress = line as { readonly error?: string; readonly errorDetail?: { readonly message?: string } };
        if (progress.error) throw new EngineError(0, progress.errorDetail?.message ?? progress.error);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    apiVersion,
    version: () => get('/version'),
    info: () => get('/info'),
    inspectImage: (reference) => orUndefined(get(`/images/${encodeURIComponent(reference)}/json`)),
    async pullImage(reference, credential, signal) {
      const headers: Record<string, string> = {};
      if (credential) headers['x-registry-auth'] = credentialHeader(credential);
      const target = await path(`/images/create?fromImage=${encodeURIComponent(reference)}`);
      await followPull(
        await transport.stream({ method: 'POST', path: target, headers, timeoutMs: limits.pullBegin, signal }),
      );
    },
    async importImage(archive, { repository, tag }, change) {
      const query = `fromSrc=-&repo=${encodeURIComponent(repository)}&tag=${tag}&changes=${encodeURIComponent(change)}`;
      const target = await path(`/images/create?${query}`);
      await transport.call({ method: 'POST', path: target, archive, timeoutMs: limits.create });
    },
    async createContainer(name, body, signal) {
      const text = await post(
        `/containers/create${name && `?name=${encodeURIComponent(name)}`}`,
        limits.create,
        body,
        signal,
      );
      return (JSON.parse(text) as { readonly Id: string }).Id;
    },
    async startContainer(id, signal) {
      await post(`/containers/${id}/start`, limits.start, undefined, signal);
    },
    async stopContainer(id, graceSeconds, signal) {
      const limit = (graceSeconds ?? 600) * second + limits.stopMargin;
      const grace = graceSeconds === undefined ? '' : `?t=${graceSeconds}`;
      await orUndefined(post(`/containers/${id}/stop${grace}`, limit, undefined, signal));
    },
    async killContainer(id, unixSignal) {
      await post(`/containers/${id}/kill?signal=${encodeURIComponent(unixSignal)}`, limits.ask);
    },
    inspectContainer: (idOrName, signal) =>
      orUndefined(get(`/containers/${encodeURIComponent(idOrName)}/json`, signal)),
    async removeContainer(id, signal) {
      const target = await path(`/containers/${id}?force=1&v=1`);
      await orUndefined(transport.call({ method: 'DELETE', path: target, timeoutMs: limits.remove, signal }));
    },
    listContainers: (labels) => get(`/containers/json?all=1&filters=${filters({ label: labels })}`),
    stats: (id) => orUndefined(get(`/containers/${id}/stats?stream=false&one-shot=true`)),
    inspectNetwork: (idOrName) => orUndefined(get(`/networks/${encodeURIComponent(idOrName)}`)),
    async createNetwork(body) {
      await post('/networks/create', limits.ask, body);
    },
    listNetworks: (labels) => get(`/networks?filters=${filters({ label: labels })}`),
    async removeNetwork(id) {
      const target = await path(`/networks/${id}`);
      await orUndefined(transport.call({ method: 'DELETE', path: target, timeoutMs: limits.ask }));
    },
    async createVolume(body) {
      await post('/volumes/create', limits.ask, body);
    },
    async removeVolume(name) {
      const target = await path(`/volumes/${encodeURIComponent(name)}`);
      await orUndefined(transport.call({ method: 'DELETE', path: target, timeoutMs: limits.ask }));
    },
    async events(labels, since, signal) {
      // A restarted Engine may be another version: this is the first call after it, so ask again.
      api = undefined;
      const query = `filters=${filters({ type: ['container'], label: labels })}`;
      const from = since === undefined ? '' : `&since=${since.toFixed(9)}`;
      const target = await path(`/events?${query}${from}`);
      const stream = await transport.stream({ method: 'GET', path: target, timeoutMs: limits.ask, signal });
      return jsonLines(stream as AsyncIterable<Buffer>) as AsyncIterable<EngineEvent>;
    },
    close: () => transport.close(),
  };
}

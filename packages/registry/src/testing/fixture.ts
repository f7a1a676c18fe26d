// For the tests: a registry behind a real HTTP server, over a real store, real blobs and a real identity.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuditTrail, createAwsEndpoint, createVerifier, type Principal } from '@longshore/aws';
import { wireRequestOf } from '@longshore/aws/testing';
import {
  type Clock,
  digestOf,
  type Logger,
  memoryMeter,
  type MemoryMeter,
  silentLogger,
  systemClock,
} from '@longshore/base';
import { type BlobStore, openDirectoryBlobStore } from '@longshore/blobs';
import { type AccessKey, createIdentity, type Identity, identityMigrations } from '@longshore/identity';
import type { Store } from '@longshore/store';
import { testStores } from '@longshore/store/testing';
import { mediaTypes } from '../manifest.ts';
import type { PullThroughOptions } from '../pull-through/state.ts';
import { createRegistry } from '../registry.ts';
import { createKeys, type ExternalEndpoint, type Keys, keysMigrations } from '@longshore/keys';
import { registryMigrations } from '../schema.ts';
import type { CollectionOptions, Registry, RegistryOptions } from '../types.ts';

export interface TestAccount {
  readonly id: string;
  readonly key: AccessKey;
  readonly principal: Principal;
  /** `Basic …` with a password of GetAuthorizationToken. */
  readonly basic: string;
  readonly password: string;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: NonNullable<RequestInit['body']>;
  readonly signal?: AbortSignal;
  /** The account that calls; the first one if left out, nobody if null. */
  readonly as?: TestAccount | null;
}

export interface TestRegistry {
  readonly url: string;
  readonly host: string;
  readonly registry: Registry;
  readonly meter: MemoryMeter;
  readonly identity: Identity;
  readonly keys: Keys;
  /** Where the blob store keeps its files. */
  readonly folder: string;
  readonly store: Store;
  readonly blobs: BlobStore;
  readonly account: TestAccount;
  addAccount(name: string): Promise<TestAccount>;
  /** A user of the first account with one policy. */
  addUser(name: string, actions: readonly string[], resource?: string): Promise<TestAccount>;
  ask(path: string, asked?: Asked): Promise<Response>;
  close(): Promise<void>;
}

export interface TestRegistryOptions {
  readonly backEnd?: ReturnType<typeof testStores>[number];
  readonly uploadTtlMs?: number;
  readonly collection?: CollectionOptions;
  readonly clock?: Clock;
  readonly external?: readonly ExternalEndpoint[];
  readonly audit?: AuditTrail;
  /** With one, the access log is written to it. */
  readonly accessLog?: Logger;
  readonly quotas?: RegistryOptions['quotas'];
  /** Puts something between the registry and the store. */
  readonly wrapStore?: (store: Store) => Store;
  readonly wrapBlobs?: (blobs: BlobStore) => BlobStore;
  /** Of the pull-through cache. Upstreams are on loopback here, so it may be reached. */
  readonly pullThrough?: Partial<PullThroughOptions>;
}

const region = 'us-east-1';

async function readAll(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

export async function openTestRegistry(options: TestRegistryOptions = {}): Promise<TestRegistry> {
  const backEnd = options.backEnd ?? testStores()[0];
  if (!backEnd) throw new Error('There is no store to test with');
  const opened = await backEnd.open([...identityMigrations, ...keysMigrations, ...registryMigrations]);
  const folder = await mkdtemp(join(tmpdir(), 'longshore-registry-'));
  const clock = options.clock ?? systemClock;
  const parts = { clock, log: silentLogger, region };
  const realBlobs = await openDirectoryBlobStore({ dir: folder, log: silentLogger });
  const blobs = options.wrapBlobs?.(realBlobs) ?? realBlobs;
  const store = options.wrapStore?.(opened.store) ?? opened.store;
  const identity = createIdentity({ ...parts, store: opened.store, masterKey: new Uint8Array(32).fill(3) });
  const meter = memoryMeter();
  const keys = createKeys({
    ...parts,
    store: opened.store,
    authorizer: identity.authorizer,
    masterKey: new Uint8Array(32).fill(3),
    external: options.external ?? [],
  });
  const registry = createRegistry({
    ...parts,
    store,
    blobs,
    meter,
    keys: keys.dataKeys,
    tokens: identity.registryTokens,
    authorizer: identity.authorizer,
    uploadTtlMs: options.uploadTtlMs ?? 3_600_000,
    ...(options.audit && { audit: options.audit }),
    ...(options.accessLog && { log: options.accessLog, accessLog: true }),
    ...(options.collection && { collection: options.collection }),
    pullThrough: {
      readSecret: identity.readSecret,
      mayUsePrivate: () => true,
      insecure: new Set(),
      tagTtlMs: 600_000,
      negativeTtlMs: 30_000,
      ...options.pullThrough,
    },
    ...(options.quotas && { quotas: options.quotas }),
  });
  await registry.recover();
  const { authorizer, replayGuard } = identity;
  const verifier = createVerifier({ credentials: identity.credentials, clock, region });
  const endpoint = createAwsEndpoint({
    ...parts,
    services: [registry.ecr, identity.iam, identity.secrets, keys.kms],
    verifier,
    authorizer,
    replayGuard,
    meter,
    ...(options.audit && { audit: options.audit }),
  });
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/v2')) return void registry.handleOci(request, response);
    const answer = async () => {
      const result = await endpoint.handle(wireRequestOf(request, await readAll(request)));
      response.writeHead(result.status, result.headers).end(result.body);
    };
    answer().catch((error: unknown) => response.destroy(error as Error));
  });
  const host = `127.0.0.1:${await listen(server)}`;

  async function accountOf(key: AccessKey): Promise<TestAccount> {
    const found = await identity.credentials.find(key.accessKeyId);
    if (!found) throw new Error('The key is not known');
    const { principal } = found;
    const { token: password } = await identity.registryTokens.issuePassword(principal);
    const basic = `Basic ${Buffer.from(`AWS:${password}`).toString('base64')}`;
    return { id: principal.account, key, principal, basic, password };
  }

  const first = await identity.bootstrap();
  const account = await accountOf(first.rootKey);
  return {
    url: `http://${host}`,
    host,
    registry,
    meter,
    identity,
    keys,
    folder,
    store: opened.store,
    blobs: realBlobs,
    account,
    addAccount: async (name) => accountOf((await identity.createAccount(name)).rootKey),
    async addUser(name, actions, resource = '*') {
      const Statement = [
        { Effect: 'Allow' as const, Action: actions, Resource: resource },
        { Effect: 'Allow' as const, Action: 'ecr:GetAuthorizationToken', Resource: '*' },
      ];
      return accountOf(
        await identity.ensureServiceUser(account.principal.account, name, { Version: '2012-10-17', Statement }),
      );
    },
    ask(path, { method = 'GET', headers = {}, body, signal, as = account } = {}) {
      return fetch(`http://${host}${path}`, {
        method,
        headers: { ...(as && { authorization: as.basic }), ...headers },
        redirect: 'manual',
        ...(signal && { signal }),
        ...(body === undefined ? {} : { body, duplex: 'half' }),
      });
    },
    async close() {
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
      await realBlobs.close();
      await opened.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Pushes a blob in one PUT after a POST; resolves to its digest. */
export async function pushBlob(
  at: TestRegistry,
  name: string,
  bytes: Uint8Array<ArrayBuffer> | string,
  as?: TestAccount,
): Promise<string> {
  const digest = digestOf(bytes);
  const who = as ? { as } : {};
  const begun = await at.ask(`/v2/${name}/blobs/uploads/`, { method: 'POST', ...who });
  if (begun.status !== 202) throw new Error(`POST: ${begun.status} ${await begun.text()}`);
  const put = await at.ask(`${begun.headers.get('location')}?digest=${digest}`, { method: 'PUT', body: bytes, ...who });
  if (put.status !== 201) throw new Error(`PUT: ${put.status} ${await put.text()}`);
  return digest;
}

export interface TestManifest {
  readonly bytes: string;
  readonly digest: string;
}

/** An OCI image manifest over blobs given by their content. */
export function imageManifest(config: string, layers: readonly string[], more: object = {}): TestManifest {
  const describe = (mediaType: string, content: string) => ({
    mediaType,
    digest: digestOf(content),
    size: Buffer.byteLength(content),
  });
  const bytes = JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: describe('application/vnd.oci.image.config.v1+json', config),
    layers: layers.map((layer) => describe('application/vnd.oci.image.layer.v1.tar', layer)),
    ...more,
  });
  return { bytes, digest: digestOf(bytes) };
}

/** Pushes config, layers and manifest. */
export async function pushImage(
  at: TestRegistry,
  name: string,
  tag: string,
  layers: readonly string[],
  more: object = {},
): Promise<TestManifest> {
  const config = `{"config":"${layers.join()}"}`;
  for (const each of [config, ...layers]) await pushBlob(at, name, each);
  const manifest = imageManifest(config, layers, more);
  const put = await putManifest(at, name, tag, manifest.bytes);
  if (put.status !== 201) throw new Error(`manifest: ${put.status} ${await put.text()}`);
  return manifest;
}

export function putManifest(
  at: TestRegistry,
  name: string,
  reference: string,
  body: string,
  mediaType: string = mediaTypes.ociManifest,
): Promise<Response> {
  return at.ask(`/v2/${name}/manifests/${reference}`, { method: 'PUT', body, headers: { 'content-type': mediaType } });
}

/** The code of the first error of an OCI answer. */
export async function errorCode(response: Response): Promise<string> {
  const { errors } = (await response.json()) as { errors: { code: string }[] };
  return errors[0]?.code ?? '';
}

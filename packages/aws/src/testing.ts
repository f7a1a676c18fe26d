// The door for tests of packages that serve AWS operations: a real HTTP server on a free port, and the small parts that an
// endpoint needs, kept in memory.
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { memoryMeter, parseAccountId, silentLogger, systemClock } from '@longshore/base';
import { type AwsEndpoint, createAwsEndpoint } from './endpoint.ts';
import { createVerifier } from './sigv4/verifier.ts';
import type {
  Authorizer,
  AwsService,
  CredentialSource,
  Principal,
  ReplayGuard,
  StoredCredential,
  WireRequest,
  WireResponse,
} from './types.ts';

export interface WireServer {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  close(): Promise<void>;
}

/** Serves `endpoint` until closed. */
export async function serveWire(
  endpoint: Pick<AwsEndpoint, 'handle' | 'maxBodyBytes' | 'tooLarge'>,
): Promise<WireServer> {
  const server = createServer((request, response) => {
    answer(endpoint, request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

async function answer(
  endpoint: Pick<AwsEndpoint, 'handle' | 'maxBodyBytes' | 'tooLarge'>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const wire = wireRequestOf(request, new Uint8Array());
  const body = await readBody(request, endpoint.maxBodyBytes(wire.headers, wire.url));
  const result: WireResponse = body
    ? await endpoint.handle({ ...wire, body })
    : endpoint.tooLarge(wire.headers, wire.url);
  response.writeHead(result.status, { ...result.headers, ...(body ? {} : { connection: 'close' }) });
  response.end(result.body);
}

/** Undefined if there are more than `limit` bytes. */
async function readBody(request: IncomingMessage, limit: number): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limit) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

/** Node's request on the wire's terms; a header that came several times stays several. */
export function wireRequestOf(request: IncomingMessage, body: Uint8Array): WireRequest {
  const headers: Record<string, string | readonly string[]> = {};
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    if (values) headers[name] = values.length === 1 ? (values[0] ?? '') : values;
  }
  return {
    method: request.method ?? 'GET',
    url: request.url ?? '/',
    headers,
    body,
    sourceIp: request.socket.remoteAddress ?? '',
    baseUrl: `http://${request.headers.host ?? 'localhost'}`,
  };
}

export function memoryCredentials(keys: Readonly<Record<string, StoredCredential>>): CredentialSource {
  const found = new Map(Object.entries(keys));
  return { find: async (accessKeyId) => found.get(accessKeyId) };
}

export function memoryReplayGuard(): ReplayGuard {
  const claimed = new Set<string>();
  return {
    async claim(signature) {
      const first = !claimed.has(signature);
      claimed.add(signature);
      return first;
    },
    async release(signature) {
      claimed.delete(signature);
    },
  };
}

/** Allows everything but the actions named. */
export function memoryAuthorizer(denied: readonly string[] = []): Authorizer {
  return {
    refusal: async (principal, { action }) =>
      denied.includes(action) ? `User: ${principal.arn} is not authorized to perform: ${action}` : undefined,
  };
}
/** The root of an account. Throws for what is no account id. */
export function rootPrincipal(id: string): Principal {
  const account = parseAccountId(id);
  if (account === undefined) throw new Error(`${id} is not an account id`);
  return { account, arn: `arn:aws:iam::${id}:root`, userId: id, kind: 'root' };
}

export interface MemoryEndpointOptions {
  readonly services: readonly AwsService[];
  readonly region: string;
  /** Each has a root key; whose, `keyOf` tells. */
  readonly accounts: readonly string[];
}

export interface MemoryEndpoint {
  readonly endpoint: AwsEndpoint;
  keyOf(account: string): { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** An endpoint that knows the root key of each account and nothing else, all of it in memory; everything is allowed. */
export function memoryEndpoint({ services, region, accounts }: MemoryEndpointOptions): MemoryEndpoint {
  const secretAccessKey = randomBytes(30).toString('base64');
  const keyOf = (account: string) => ({ accessKeyId: `AKID${account}`, secretAccessKey });
  const keys = accounts.map((id) => [
    keyOf(id).accessKeyId,
    { active: true, secretAccessKey, principal: rootPrincipal(id) },
  ]);
  const credentials = memoryCredentials(Object.fromEntries(keys) as Record<string, StoredCredential>);
  const endpoint = createAwsEndpoint({
    services,
    verifier: createVerifier({ credentials, clock: systemClock, region }),
    authorizer: memoryAuthorizer(),
    replayGuard: memoryReplayGuard(),
    region,
    clock: systemClock,
    log: silentLogger,
    meter: memoryMeter(),
  });
  return { endpoint, keyOf };
}

/** The same behind a server; `clientOptions` are what an SDK's client of an account takes. */
export async function serveAccounts(options: MemoryEndpointOptions) {
  const { endpoint, keyOf } = memoryEndpoint(options);
  const server = await serveWire(endpoint);
  const clientOptions = (account: string) => ({
    endpoint: server.url,
    region: options.region,
    credentials: keyOf(account),
    maxAttempts: 1,
  });
  return { ...server, clientOptions };
}
export { shapeCompiler } from './shapes/compile.ts';
export type { WireShape } from './shapes/shape.ts';

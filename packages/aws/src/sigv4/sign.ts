// The client's side: signing a request of Longshore's own (the agent's sockets, the CLI's calls).
import { newUuid } from '@longshore/base';
import {
  algorithm,
  canonicalHeaderValue,
  canonicalRequest,
  sha256Hex,
  splitTarget,
  stringToSign,
  terminator,
} from './canonical.ts';
import { signatureOf, signingKey } from './signing-key.ts';
import { formatTimestamp } from './timestamp.ts';

export interface SigningCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface SignOptions {
  readonly method: string;
  /** Absolute; `ws:` and `wss:` too. */
  readonly url: string;
  /** Lower-case names. All are signed but those that proxies and HTTP libraries rewrite. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  readonly service: string;
  readonly region: string;
  readonly credentials: SigningCredentials;
  readonly date?: Date;
}

const unsigned: ReadonlySet<string> = new Set([
  'accept-encoding',
  'authorization',
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
]);

/**
 * The headers to send: those given, `x-amz-date`, `x-amz-security-token` where needed, an `amz-sdk-invocation-id` that makes
 * two equal calls of one second different, and `authorization`. `host` is signed but left to the HTTP library.
 */
export async function signHeaders(options: SignOptions): Promise<Record<string, string>> {
  const headers = { 'amz-sdk-invocation-id': newUuid(), ...options.headers };
  return signExactly({ ...options, headers });
}

/** As `signHeaders`, adding nothing that is not required. Throws a TypeError if the path or query cannot be signed. */
export function signExactly(options: SignOptions): Record<string, string> {
  const url = new URL(options.url);
  const timestamp = formatTimestamp((options.date ?? new Date()).getTime());
  const { credentials, region, service } = options;
  const headers: Record<string, string> = { ...options.headers, 'x-amz-date': timestamp };
  if (credentials.sessionToken !== undefined) headers['x-amz-security-token'] = credentials.sessionToken;
  const signed = Object.entries({ host: url.host, ...headers })
    .filter(([name]) => !unsigned.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => [name, canonicalHeaderValue(value)] as const);
  const scope = { date: timestamp.slice(0, 8), region, service };
  const canonical = canonicalRequest({
    method: options.method,
    ...splitTarget(`${url.pathname}${url.search}`),
    headers: signed,
    payloadHash: sha256Hex(options.body ?? ''),
  });
  if (canonical === undefined) throw new TypeError('The URL cannot be signed: empty path segments or a stray % sign');
  const signature = signatureOf(
    signingKey(credentials.secretAccessKey, scope),
    stringToSign(timestamp, scope, canonical),
  );
  const credential = `${credentials.accessKeyId}/${scope.date}/${region}/${service}/${terminator}`;
  const names = signed.map(([name]) => name).join(';');
  headers['authorization'] = `${algorithm} Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`;
  return headers;
}

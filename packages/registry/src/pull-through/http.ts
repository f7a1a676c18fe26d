// One request to an upstream, guarded: where it may connect is decided on the address it connects to (so a name that
// changes its address changes nothing), redirects are few, never from https to http, and carry no authorization to another
// origin. Sockets are kept apart by what they were allowed to reach.
import { type LookupAddress, lookup } from 'node:dns';
import { Agent as HttpAgent, type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { errorText } from '@longshore/base';
import { type Network, networkOf } from './addresses.ts';
import { UpstreamError } from './failure.ts';

export interface Reach {
  readonly private: boolean;
  readonly loopback: boolean;
}

interface Agents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

/** Sockets to upstreams, made once by the registry. */
export interface Sockets {
  of(reach: Reach): Agents;
  close(): void;
}

export function mayReach(reach: Reach, network: Network): boolean {
  if (network === 'private') return reach.private;
  return network === 'loopback' ? reach.loopback : network === 'public';
}

/** A look-up that gives only addresses which may be reached, and fails if one of them may not. */
function guardedLookup(reach: Reach): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, []);
      const addresses: readonly LookupAddress[] = found;
      const bad = addresses.find(({ address }) => !mayReach(reach, networkOf(address)));
      const [first] = addresses;
      if (bad || !first) return callback(new UpstreamError('refused', refusedText(hostname)), []);
      if (options.all === true) return callback(null, [...addresses]);
      return callback(null, first.address, first.family);
    });
  };
}

function refusedText(host: string): string {
  return `The upstream leads to ${host}, which is in a network that it may not lead to.`;
}

const socketsPerHost = 32;
const idleMs = 30_000;

export function createSockets(): Sockets {
  const made = new Map<string, Agents>();
  return {
    of(reach) {
      const key = `${reach.private} ${reach.loopback}`;
      const held = made.get(key);
      if (held) return held;
      const options = { keepAlive: true, maxSockets: socketsPerHost, timeout: idleMs, lookup: guardedLookup(reach) };
      const agents = { http: new HttpAgent(options), https: new HttpsAgent(options) };
      made.set(key, agents);
      return agents;
    },
    close() {
      for (const { http, https } of made.values()) {
        http.destroy();
        https.destroy();
      }
      made.clear();
    },
  };
}

export interface UpstreamResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: IncomingMessage;
  /** Where it came from, after redirects. */
  readonly url: URL;
  /** The network of the server that answered. */
  readonly network: Network;
}

export interface GuardedRequest {
  readonly method: 'GET' | 'HEAD';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly reach: Reach;
  /** Milliseconds until the head of the answer. */
  readonly headMs: number;
  readonly signal: AbortSignal;
}

/** One request, no redirects. Throws `UpstreamError` unavailable or refused. */
export function requestOnce(sockets: Sockets, asked: GuardedRequest): Promise<UpstreamResponse> {
  const { url, method, headers, reach } = asked;
  const literal = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(literal) !== 0 && !mayReach(reach, networkOf(literal))) {
    return Promise.reject(new UpstreamError('refused', refusedText(url.host)));
  }
  const agents = sockets.of(reach);
  const plain = url.protocol === 'http:';
  return new Promise((resolve, reject) => {
    const send = plain ? httpRequest : httpsRequest;
    const options = {
      method,
      headers: { 'user-agent': 'longshore', 'accept-encoding': 'identity', ...headers },
      signal: asked.signal,
      timeout: idleMs,
      maxHeaderSize: 32 * 1024,
      agent: plain ? agents.http : agents.https,
    };
    const request = send(url, options);
    const deadline = setTimeout(() => request.destroy(new Error('no answer in time')), asked.headMs);
    request.on('timeout', () => request.destroy(new Error('nothing was received for too long')));
    request.on('error', (error) => {
      clearTimeout(deadline);
      const known = error instanceof UpstreamError;
      reject(known ? error : new UpstreamError('unavailable', `The upstream ${url.host} failed: ${errorText(error)}`));
    });
    request.on('response', (response) => {
      clearTimeout(deadline);
      const network = networkOf(response.socket.remoteAddress ?? '');
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: response, url, network });
    });
    request.end();
  });
}

const mostRedirects = 5;
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

function redirectTarget(from: URL, location: string | undefined): URL {
  if (location === undefined || location.length > 8_192 || !URL.canParse(location, from.href)) {
    throw new UpstreamError('unavailable', `The upstream ${from.host} redirects to nowhere.`);
  }
  const to = new URL(location, from.href);
  if (to.protocol !== 'https:' && to.protocol !== 'http:') {
    throw new UpstreamError('refused', `The upstream ${from.host} redirects to what is not HTTP.`);
  }
  if (from.protocol === 'https:' && to.protocol === 'http:') {
    throw new UpstreamError('refused', `The upstream ${from.host} redirects from https to http.`);
  }
  if (to.username !== '' || to.password !== '') {
    throw new UpstreamError('refused', `The upstream ${from.host} redirects to a URL with a password in it.`);
  }
  return to;
}

/** Networks beyond the public one that an answer from `network` may lead to: the one it came from itself. */
export function reachFrom(own: Reach, network: Network): Reach {
  return { private: own.private && network === 'private', loopback: own.loopback && network === 'loopback' };
}

/** A request with its redirects. Throws `UpstreamError` unavailable or refused. */
export async function guardedRequest(sockets: Sockets, asked: GuardedRequest): Promise<UpstreamResponse> {
  const own = asked.url.origin;
  let next = asked;
  let foreign: Reach | undefined;
  for (let hops = 0; ; hops++) {
    const response = await requestOnce(sockets, next);
    if (!redirects.has(response.status)) return response;
    response.body.destroy();
    if (hops >= mostRedirects) {
      throw new UpstreamError('unavailable', `The upstream ${asked.url.host} redirects in circles.`);
    }
    // The first answer is always the upstream's own.
    foreign ??= reachFrom(asked.reach, response.network);
    const url = redirectTarget(next.url, response.headers.location);
    const { authorization: _dropped, ...bare } = next.headers;
    next = url.origin === own ? { ...next, url, reach: asked.reach } : { ...next, url, reach: foreign, headers: bare };
  }
}

/** The body up to `most` bytes. Throws `UpstreamError`. */
export async function readBody(response: UpstreamResponse, most: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      if (length > most) throw new UpstreamError('unavailable', `The upstream ${response.url.host} sends too much.`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof UpstreamError) throw error;
    throw new UpstreamError('unavailable', `The upstream ${response.url.host} broke off: ${errorText(error)}`);
  }
  return Buffer.concat(chunks);
}

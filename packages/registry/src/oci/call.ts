// One OCI request on its way: what was asked, by whom, and where the answer goes.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Principal, RequestContext } from '@longshore/aws';
import { newUuid } from '@longshore/base';
import type { TokenScope } from '@longshore/identity';
import type { Core } from '../core.ts';
import type { Seen } from './watch.ts';

/** Who calls. With `scopes` (a bearer token), nothing beyond them is allowed. */
export interface Caller {
  readonly principal: Principal;
  readonly scopes: readonly TokenScope[] | undefined;
}

export interface OciRequest {
  readonly core: Core;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: Pick<URLSearchParams, 'get' | 'getAll' | 'has'>;
  readonly context: RequestContext;
  /** Filled on the way, for what is kept of the request. */
  readonly seen: Seen;
}

/** An authenticated request. */
export interface OciCall extends OciRequest {
  readonly caller: Caller;
}

/** One value of a header. */
export function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** `http://host:port` as the client addressed this server; behind a proxy that ends TLS, https. */
function baseUrl(request: IncomingMessage): string {
  const forwarded = header(request, 'x-forwarded-proto');
  const encrypted = 'encrypted' in request.socket && request.socket.encrypted === true;
  const scheme = encrypted || forwarded === 'https' ? 'https' : 'http';
  const host = request.headers.host ?? '';
  const safe = /^[A-Za-z0-9.:[\]_-]{1,255}$/.test(host) ? host : `localhost:${request.socket.localPort ?? 0}`;
  return `${scheme}://${safe}`;
}

export function requestContext(request: IncomingMessage, now: number): RequestContext {
  return {
    requestId: newUuid(),
    sourceIp: request.socket.remoteAddress ?? '',
    baseUrl: baseUrl(request),
    userAgent: (request.headers['user-agent'] ?? '').slice(0, 256),
    now,
  };
}

/** Whether the request brings a body, of known length or not. */
export function hasBody(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] !== undefined || (bodyLength(request) ?? 0) > 0;
}

/** Content-Length, or undefined if it was not given. Node has validated it. */
export function bodyLength(request: IncomingMessage): number | undefined {
  const value = request.headers['content-length'];
  return value === undefined ? undefined : Number(value);
}

/** The body as chunks. Leaving the loop early does not cut the connection, so that an answer can still be sent. */
export function bodyOf(request: IncomingMessage): AsyncIterable<Uint8Array> {
  return request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
}

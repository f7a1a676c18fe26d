// Node's request as the AWS wire wants it.
import type { IncomingMessage } from 'node:http';
import type { RequestContext, WireRequest } from '@longshore/aws';
import { newUuid } from '@longshore/base';

/** `publicUrl` (if set) is what answers' URLs begin with; else the host that the caller addressed. */
export function wireRequest(request: IncomingMessage, body: Uint8Array, publicUrl: string | undefined): WireRequest {
  return {
    method: request.method ?? 'GET',
    url: request.url ?? '/',
    headers: headersOf(request),
    body,
    sourceIp: request.socket.remoteAddress ?? '',
    baseUrl: publicUrl ?? `http://${request.headers.host ?? 'localhost'}`,
  };
}

/** Headers with all their values: of two Authorization headers Node's plain form would silently drop one. */
function headersOf(request: IncomingMessage): WireRequest['headers'] {
  const headers: Record<string, string | readonly string[]> = {};
  for (const [name, values = []] of Object.entries(request.headersDistinct)) {
    headers[name] = values.length === 1 && values[0] !== undefined ? values[0] : values;
  }
  return headers;
}

/** The context of a request that is no AWS operation but is decided by the same policies. */
export function scrapeContext(request: IncomingMessage, now: number): RequestContext {
  return {
    requestId: newUuid(),
    sourceIp: request.socket.remoteAddress ?? '',
    baseUrl: `http://${request.headers.host ?? 'localhost'}`,
    userAgent: request.headers['user-agent'] ?? '',
    now,
  };
}

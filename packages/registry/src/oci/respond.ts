// Answers: statuses, headers and the error form of the distribution specification.
import type { ServerResponse } from 'node:http';
import { failures, RegistryError } from '../errors.ts';
import type { OciRequest } from './call.ts';

type Answered = Pick<OciRequest, 'core' | 'request' | 'response'>;

export type Headers = Readonly<Record<string, string | number | readonly string[] | undefined>>;

export function setHeaders(response: ServerResponse, headers: Headers): void {
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) response.setHeader(name, value);
}

/** An answer without a body. */
export function sendEmpty({ core, response }: Answered, status: number, headers: Headers = {}): void {
  setHeaders(response, headers);
  response.statusCode = status;
  if (status !== 204 && status !== 304 && !response.hasHeader('content-length')) {
    response.setHeader('content-length', 0);
  }
  core.endAnswer(response);
}

export function sendJson(call: Answered, status: number, value: unknown, headers: Headers = {}): void {
  sendJsonText(call, status, JSON.stringify(value), headers);
}

/** `text` is JSON already. */
export function sendJsonText(call: Answered, status: number, text: string, headers: Headers = {}): void {
  const { core, request, response } = call;
  const length = Buffer.byteLength(text);
  setHeaders(response, { 'content-type': 'application/json', ...headers, 'content-length': length });
  response.statusCode = status;
  if (request.method === 'HEAD') core.endAnswer(response);
  // Node sends the head and a Latin-1 text in one write.
  else core.endAnswer(response, text, length === text.length ? 'latin1' : 'utf8');
}

/** A failure with headers of its own: where an upload stands, how to authenticate. */
export class OciFailure extends RegistryError {
  readonly headers: Headers;

  constructor(cause: RegistryError, headers: Headers) {
    super(cause.kind, cause.message, cause.detail);
    this.headers = headers;
  }
}

/** Sends the failure; what headers the answer had got before are dropped. */
export function sendFailure(call: Answered, error: RegistryError): void {
  const { oci, status, retryAfter } = failures[error.kind];
  for (const name of call.response.getHeaderNames()) call.response.removeHeader(name);
  const detail = Object.keys(error.detail).length > 0 ? { detail: error.detail } : {};
  sendJson(
    call,
    status,
    { errors: [{ code: oci, message: error.message, ...detail }] },
    {
      'docker-distribution-api-version': 'registry/2.0',
      'retry-after': retryAfter,
      ...(error instanceof OciFailure ? error.headers : {}),
    },
  );
}

/** A fault of this side: nothing of it is shown. */
export function sendFault(call: Answered & Pick<OciRequest, 'context'>): void {
  for (const name of call.response.getHeaderNames()) call.response.removeHeader(name);
  const message = `The registry failed. The operator finds the reason under request ${call.context.requestId}.`;
  sendJson(call, 500, { errors: [{ code: 'UNKNOWN', message }] });
}

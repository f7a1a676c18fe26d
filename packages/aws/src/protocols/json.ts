// AWS JSON 1.0 and 1.1 (smithy.io, «AWS JSON protocol»): POST /, the operation in X-Amz-Target, JSON both ways.
import { isUtf8 } from 'node:buffer';
import { WireError } from '../errors.ts';
import { readJson } from '../shapes/json-read.ts';
import { writeJson } from '../shapes/json-write.ts';
import type { AwsError, AwsService, OwnSchema, WireRequest, WireResponse } from '../types.ts';
import type { Call, Directory, Protocol } from './protocol.ts';

export const jsonProtocol: Protocol = {
  matches: ({ headers }) =>
    headers['x-amz-target'] !== undefined ||
    String(headers['content-type'] ?? '').startsWith('application/x-amz-json-'),
  peek: (head, directory) => lookUp(head, directory)?.operation,
  open,
  failure: jsonFailure,
};

function lookUp(
  { headers }: Pick<WireRequest, 'headers'>,
  directory: Directory,
): Pick<Call, 'service' | 'operation'> | undefined {
  const target = headers['x-amz-target'];
  if (typeof target !== 'string') return undefined;
  const dot = target.lastIndexOf('.');
  const service = directory.byTargetPrefix.get(target.slice(0, Math.max(dot, 0)));
  const operation = service?.operations.get(target.slice(dot + 1));
  return service && operation ? { service, operation } : undefined;
}

function open(request: WireRequest, directory: Directory): Call {
  const found = request.method === 'POST' ? lookUp(request, directory) : undefined;
  if (!found) {
    const target = String(request.headers['x-amz-target'] ?? '').slice(0, 256);
    throw new WireError(
      'unknownOperation',
      target === ''
        ? 'The X-Amz-Target header is missing.'
        : `There is no operation '${target}' here, or the request is no POST.`,
    );
  }
  const { service, operation } = found;
  const shapes = directory.shapesOf(operation);
  return {
    service,
    operation,
    readInput() {
      const body = parseBody(request.body);
      return 'kind' in shapes ? readOwn(shapes, body) : readJson(shapes.input, body);
    },
    writeOutput: (output, requestId) =>
      answer(200, 'kind' in shapes ? (output ?? {}) : writeJson(shapes.output, output ?? {}), requestId, service),
  };
}

/** The JSON object of a body; an empty body is an empty object. */
function parseBody(body: Uint8Array): object {
  if (body.length === 0) return {};
  const value = isUtf8(body) ? parseText(Buffer.from(body.buffer, body.byteOffset, body.length).toString()) : undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new WireError('serialization', 'The request body must be a JSON object in UTF-8.');
  }
  return value;
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new WireError('serialization', 'Could not parse the request body as JSON.');
  }
}

function readOwn(schema: OwnSchema, body: object): unknown {
  try {
    return schema.parse(body);
  } catch (error) {
    const message = validationMessage(error);
    if (message === undefined) throw error;
    throw new WireError('validation', message);
  }
}

/** What a schema library says is wrong: the first of its `issues`. */
function validationMessage(error: unknown): string | undefined {
  const issues: unknown = error instanceof Error && 'issues' in error ? error.issues : undefined;
  if (!Array.isArray(issues)) return undefined;
  const first = issues[0] as { readonly path?: readonly unknown[]; readonly message?: string } | undefined;
  const path = first?.path?.map(String).join('.') ?? '';
  return `${path === '' ? 'input' : path}: ${first?.message ?? 'invalid'}`;
}

function answer(
  status: number,
  value: unknown,
  requestId: string,
  service?: AwsService,
  headers: Readonly<Record<string, string>> = {},
): WireResponse {
  const version = service?.protocol === 'json-1.0' ? '1.0' : '1.1';
  return {
    status,
    headers: { 'content-type': `application/x-amz-json-${version}`, 'x-amzn-requestid': requestId, ...headers },
    body: JSON.stringify(value),
  };
}

function jsonFailure(error: AwsError, requestId: string, service?: AwsService): WireResponse {
  const body = { __type: error.code, ...error.members, message: error.message };
  return answer(error.status, body, requestId, service, { 'x-amzn-errortype': error.code });
}

// What is kept of a request under `/v2/` when it is over: metrics always, a line of the access log if asked for, an audit
// entry if it changed something or was to, and the event of a pull. Paths and queries are not kept as they came: they may
// hold secrets (download URLs). Nothing here delays an answer.
import { parseDigest } from '@longshore/base';
import { repositoryArn, type RepositoryRef } from '../names.ts';
import { failures, type RegistryError } from '../errors.ts';
import type { Caller, OciRequest } from './call.ts';
import type { Route } from './routes.ts';

/** What is found out on the way. */
export interface Seen {
  route: Route | undefined;
  caller: Caller | undefined;
  ref: RepositoryRef | undefined;
  failure: RegistryError | undefined;
}

export function newSeen(): Seen {
  return { route: undefined, caller: undefined, ref: undefined, failure: undefined };
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);

/** CloudTrail's name of a changing call, of ECR's operations where one does the same; undefined for reads. */
export function auditName(kind: Route['kind'] | undefined, method: string, status: number): string | undefined {
  switch (`${kind} ${method}`) {
    case 'manifest PUT':
      return 'PutImage';
    case 'manifest DELETE':
      return 'BatchDeleteImage';
    case 'blob DELETE':
      return 'DeleteLayer';
    case 'uploads POST':
      return status === 201 ? 'CompleteLayerUpload' : 'InitiateLayerUpload';
    case 'upload PATCH':
      return 'UploadLayerPart';
    case 'upload PUT':
      return 'CompleteLayerUpload';
    case 'upload DELETE':
      return 'CancelLayerUpload';
    default:
      return undefined;
  }
}

/** Beginning an upload and adding to it changes nothing that anybody sees: only their failures are audited. */
const silent = new Set(['InitiateLayerUpload', 'UploadLayerPart']);

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value.slice(0, 300) : undefined;
}

/** The tag, digest or upload that the path names. A download URL's item is a credential. */
function itemOf(route: Route | undefined): string | undefined {
  return route && 'item' in route && route.kind !== 'download' ? text(route.item) : undefined;
}

function failureOf(status: number, failure: RegistryError | undefined): { code: string; message: string } {
  if (failure) return { code: failures[failure.kind].ecr, message: failure.message };
  if (status === 499) return { code: 'RequestAborted', message: 'The client went away before the answer.' };
  return { code: 'ServerException', message: '' };
}

function audit(call: OciRequest, status: number): void {
  const { core, request, response, context, seen } = call;
  const { audit: trail } = core;
  const { caller, failure, ref, route } = seen;
  const operation = auditName(route?.kind, request.method ?? '', status);
  // A challenge (401) is a step of every login, not an attempt.
  if (!trail || !caller || !ref || operation === undefined || status === 401) return;
  if (status < 400 && silent.has(operation)) return;
  const item = itemOf(route);
  trail.record({
    service: 'ecr',
    operation,
    principal: caller.principal,
    context,
    recipient: ref.account,
    resources: [repositoryArn(core, ref)],
    parameters: {
      repositoryName: ref.name,
      ...(item === undefined ? {} : { reference: item }),
      ...(call.query.has('tag') ? { imageTags: call.query.getAll('tag').slice(0, 100).map(text) } : {}),
      ...(status < 400 ? { digest: text(response.getHeader('docker-content-digest')) } : {}),
    },
    ...(status < 400 ? {} : { error: failureOf(status, failure) }),
  });
}

function writeAccessLog(call: OciRequest, status: number, seconds: number): void {
  const { core, request, response, context, seen } = call;
  core.log.info(
    {
      access: {
        requestId: context.requestId,
        sourceIp: context.sourceIp,
        account: seen.caller?.principal.account,
        principal: seen.caller?.principal.arn,
        method: text(request.method),
        route: seen.route?.kind,
        repository: seen.ref?.name,
        owner: seen.ref?.account,
        item: itemOf(seen.route),
        status,
        code: seen.failure && failures[seen.failure.kind].oci,
        received: Number(request.headers['content-length'] ?? 0),
        sent: request.method === 'HEAD' ? 0 : Number(response.getHeader('content-length') ?? 0),
        ms: Math.round(seconds * 10_000) / 10,
        userAgent: context.userAgent,
      },
    },
    'registry request',
  );
}

function recordPull(call: OciRequest, status: number): void {
  const { ref, route } = call.seen;
  if (route?.kind !== 'manifest' || call.request.method !== 'GET' || status !== 200 || !ref) return;
  const digest = parseDigest(text(call.response.getHeader('docker-content-digest')) ?? '');
  if (digest) call.core.pullEvents.record(ref, digest, route.item.includes(':') ? undefined : route.item);
}

/** Watches a request until its answer has left or its client has gone (status 499). */
export function watchRequest(call: OciRequest): void {
  const { core, request, response, seen } = call;
  const started = performance.now();
  response.once('close', () => {
    const seconds = (performance.now() - started) / 1000;
    const status = response.writableFinished ? response.statusCode : 499;
    const method = methods.has(request.method ?? '') ? (request.method ?? '') : 'other';
    const route = seen.route?.kind ?? 'none';
    core.counters.requests.add(1, { method, route, code: String(status) });
    core.counters.requestSeconds.observe(seconds, { method, route });
    recordPull(call, status);
    audit(call, status);
    if (core.accessLog) writeAccessLog(call, status, seconds);
  });
}

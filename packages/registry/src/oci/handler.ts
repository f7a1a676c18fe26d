// The door of `/v2/`: routes a request, finds out who calls, and shapes whatever goes wrong. Never throws.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorText } from '@longshore/base';
import { BlobStoreUnavailableError } from '@longshore/blobs';
import type { Core } from '../core.ts';
import { RegistryError } from '../errors.ts';
import { resolvePathName } from '../names.ts';
import { type Grant, scopeText } from './access.ts';
import { handleBlob, handleDownload } from './blobs.ts';
import { type OciCall, type OciRequest, requestContext } from './call.ts';
import { authenticate, challenge } from './credentials.ts';
import { handleCatalog, handleReferrers, handleTags } from './listings.ts';
import { handleManifest } from './manifests.ts';
import { sendEmpty, sendFailure, sendFault } from './respond.ts';
import { type Route, routeOf } from './routes.ts';
import { ClientGoneError } from './response-sink.ts';
import { handleToken } from './token.ts';
import { handleUpload, handleUploads } from './uploads.ts';
import { newSeen, watchRequest } from './watch.ts';

function grantOf(method: string, route: Route): Grant {
  if (route.kind === 'upload' || route.kind === 'uploads') return 'push';
  if (method === 'GET' || method === 'HEAD') return 'pull';
  return method === 'DELETE' ? 'delete' : 'push';
}

const writable = /^[a-z0-9/._-]{1,300}$/;

/** The scopes that a token for this request needs; undefined where none is needed. A mount reads from its source too. */
function neededScope(call: OciRequest, route: Route): string | undefined {
  if (route.kind === 'catalog') return 'registry:catalog:*';
  if (!('name' in route) || !writable.test(route.name)) return undefined;
  const scope = scopeText(route.name, grantOf(call.request.method ?? '', route));
  const from = route.kind === 'uploads' && call.query.has('mount') ? call.query.get('from') : null;
  return from !== null && writable.test(from) ? `${scope} ${scopeText(from, 'pull')}` : scope;
}

async function dispatch(call: OciCall, route: Route): Promise<void> {
  if (route.kind === 'base') return sendEmpty(call, 200);
  if (route.kind === 'catalog') return handleCatalog(call);
  if (!('name' in route)) throw new RegistryError('pathUnknown');
  const { name } = route;
  const ref = resolvePathName(name, call.caller.principal.account);
  if (!ref) throw new RegistryError('nameInvalid');
  call.seen.ref = ref;
  switch (route.kind) {
    case 'blob':
      return handleBlob(call, name, ref, route.item);
    case 'manifest':
      return handleManifest(call, name, ref, route.item);
    case 'uploads':
      return handleUploads(call, name, ref);
    case 'upload':
      return handleUpload(call, name, ref, route.item);
    case 'tags':
      return handleTags(call, name, ref);
    case 'referrers':
      return handleReferrers(call, name, ref, route.item);
  }
}

async function serve(call: OciRequest, path: string): Promise<void> {
  // No name, tag or digest has a NUL, and no database takes one in a text.
  if (call.request.url?.includes('%00')) throw new RegistryError('requestInvalid');
  const route = routeOf(path);
  if (!route) throw new RegistryError('pathUnknown');
  call.seen.route = route;
  call.response.setHeader('docker-distribution-api-version', 'registry/2.0');
  if (route.kind === 'token') return handleToken(call);
  if (route.kind === 'download') return handleDownload(call, route.item);
  const caller = await authenticate(call);
  if (!caller) {
    const given = call.request.headers.authorization !== undefined;
    throw challenge(call, neededScope(call, route), given ? 'invalid_token' : undefined);
  }
  call.seen.caller = caller;
  return dispatch({ ...call, caller }, route);
}

function settleFailure(call: OciRequest, error: unknown): void {
  const { core, request, response } = call;
  const gone = error instanceof ClientGoneError || request.socket.destroyed || (request.destroyed && !request.complete);
  if (gone) {
    core.log.debug({ reason: errorText(error), requestId: call.context.requestId }, 'the client went away');
    response.destroy();
    return;
  }
  const failure = error instanceof BlobStoreUnavailableError ? new RegistryError('storageUnavailable') : error;
  const known = failure instanceof RegistryError;
  if (known) call.seen.failure = failure;
  if (failure !== error || !known)
    core.log.error({ err: error, requestId: call.context.requestId }, 'a registry request failed');
  if (response.headersSent) response.destroy();
  else if (known) sendFailure(call, failure);
  else sendFault(call);
}

const noQuery: OciRequest['query'] = new URLSearchParams();

/** Serves one request under `/v2/`. */
export async function handleOci(core: Core, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  const call: OciRequest = {
    core,
    request,
    response,
    query: mark < 0 ? noQuery : new URLSearchParams(url.slice(mark + 1)),
    context: requestContext(request, core.clock.now()),
    seen: newSeen(),
  };
  watchRequest(call);
  try {
    await serve(call, mark < 0 ? url : url.slice(0, mark));
  } catch (error) {
    settleFailure(call, error);
  }
}

// Layers through the cache: one fetch for all who wait, streamed to them while it is stored. The fetch belongs to nobody:
// a client that leaves ends only its own part.
import type { Digest } from '@longshore/base';
import { digestAlgorithm, newHexId } from '@longshore/base';
import type { Core } from '../core.ts';
import { RegistryError } from '../errors.ts';
import { findLayer } from '../layers.ts';
import { limits } from '../limits.ts';
import type { RepositoryRef } from '../names.ts';
import { isInScope } from '../oci/access.ts';
import { header, type OciCall } from '../oci/call.ts';
import { setHeaders } from '../oci/respond.ts';
import { responseSink } from '../oci/response-sink.ts';
import { layerHeaders, sendBlob, sentLayer } from '../oci/send-blob.ts';
import { beginPassing, cancelPassing, finishLayer, receive } from '../receive.ts';
import type { Repository } from '../repository.ts';
import {
  type Asker,
  flightKey,
  keepingRepository,
  rememberFailure,
  remoteOf,
  requireImport,
  throwKnownFailure,
  withinBounds,
} from './begin.ts';
import { toRegistryError, UpstreamError } from './failure.ts';
import type { Flight } from './state.ts';
import { type Remote, remoteLayer, remoteLayerSize } from './upstream.ts';
import { createWindow } from './window.ts';

/** What a reader may lag behind the fetch before it has to wait for the whole. */
const windowBytes = 1024 * 1024;

/** Receives into the store what the window shows to readers. */
async function store(core: Core, remote: Remote, ref: RepositoryRef, digest: Digest, flight: Flying): Promise<void> {
  const { size, body } = await remoteLayer(core, remote, digest);
  const repository = await keepingRepository(core, ref);
  flight.headArrived({ size });
  const { window } = flight;
  async function* shown() {
    for await (const chunk of body) {
      window.push(chunk);
      core.counters.upstreamBytes.add(chunk.length);
      yield chunk;
    }
  }
  const id = newHexId();
  await beginPassing(core, repository, id);
  try {
    const maxBytes = Math.min(size ?? limits.layerBytes, limits.layerBytes);
    await receive(core, repository, id, shown(), {
      maxBytes,
      algorithm: digestAlgorithm(digest),
      finishFollows: true,
    });
    await finishLayer(core, repository, { id, recorded: false }, digest);
  } catch (error) {
    await cancelPassing(core, id).catch(() => undefined);
    throw error;
  }
}

function asUpstreamError(error: unknown, remote: Remote, digest: Digest): unknown {
  if (error instanceof UpstreamError) return error;
  const { upstreamUrl } = remote.rule;
  if (error instanceof RegistryError) {
    if (error.kind !== 'layerMismatch' && error.kind !== 'layerTooLarge') return error;
    return new UpstreamError('refused', `The upstream ${upstreamUrl} sent something else as ${digest}.`);
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const broken =
    code === 'ECONNRESET' || code === 'ABORT_ERR' || code.startsWith('HPE_') || code === 'ERR_STREAM_PREMATURE_CLOSE';
  return broken ? new UpstreamError('unavailable', `The upstream ${upstreamUrl} broke off: ${code}`) : error;
}

interface Flying extends Flight {
  headArrived(head: { readonly size: number | undefined }): void;
}

function takeOff(core: Core, remote: Remote, ref: RepositoryRef, digest: Digest, key: string): Flight {
  const head = Promise.withResolvers<{ readonly size: number | undefined }>();
  const done = Promise.withResolvers<void>();
  const window = createWindow(windowBytes);
  const flight: Flying = { head: head.promise, window, done: done.promise, headArrived: head.resolve };
  head.promise.catch(() => undefined);
  done.promise.catch(() => undefined);
  const settle = withinBounds(core, ref, () => store(core, remote, ref, digest, flight));
  settle.then(
    () => {
      core.counters.upstreamLayers.add();
      core.pullThrough.layers.delete(key);
      window.finish();
      done.resolve();
    },
    (cause: unknown) => {
      const error = asUpstreamError(cause, remote, digest);
      rememberFailure(core, remote, key, error);
      core.pullThrough.layers.delete(key);
      const told = toRegistryError(error, 'layer');
      head.reject(told);
      window.fail(told);
      done.reject(told);
    },
  );
  return flight;
}

function flightOf(core: Core, remote: Remote, ref: RepositoryRef, digest: Digest, key: string): Flight {
  const held = core.pullThrough.layers.get(key);
  if (held) return held;
  const made = takeOff(core, remote, ref, digest, key);
  core.pullThrough.layers.set(key, made);
  return made;
}

/** Sends what is stored, as if it had been there all the time. */
async function sendStored(call: OciCall, ref: RepositoryRef, digest: Digest): Promise<void> {
  const { repository, layer } = await findLayer(call.core, ref, digest);
  if (!repository || !layer) throw new RegistryError('blobUnknown');
  return sendBlob(call, sentLayer(call.core, repository, digest, layer));
}

/** Follows the fetch; what fell out of the window is read from the store when it is there. */
async function follow(call: OciCall, ref: RepositoryRef, flight: Flight, digest: Digest, size: number) {
  const { core, response } = call;
  const sink = responseSink(response);
  let sent = 0;
  while (sent < size) {
    const next = await flight.window.read(sent);
    if (next === 'end') break;
    if (next === 'behind') {
      await flight.done;
      const { repository, layer } = await findLayer(core, ref, digest);
      if (!repository || !layer) throw new RegistryError('blobUnknown');
      const bytes = await core.sealing.layer(repository, digest, layer);
      await bytes.copyTo(sink, { first: sent, last: size - 1 });
      sent = size;
      break;
    }
    // More than was said would be of no use to the client, and the whole is going to be refused.
    const bytes = next.subarray(0, size - sent);
    await sink.write(bytes);
    sent += bytes.length;
  }
  await flight.done;
  if (sent !== size) throw new RegistryError('upstreamLayer', 'The upstream sent less than it had said.');
  core.endAnswer(response);
  core.counters.blobsServed.add();
  core.counters.servedBytes.add(sent);
}

async function serveHead(call: OciCall, remote: Remote, digest: Digest, key: string): Promise<void> {
  let size: number | undefined;
  try {
    size = await remoteLayerSize(call.core, remote, digest);
  } catch (error) {
    rememberFailure(call.core, remote, key, error);
    throw toRegistryError(error, 'layer');
  }
  setHeaders(call.response, { ...layerHeaders(digest), 'content-length': size });
  call.response.statusCode = 200;
  call.core.endAnswer(call.response);
}

/**
 * Fetches a layer that the repository does not have, and resolves when it is stored. False if the name has no upstream.
 * The caller's right to pull was checked. Throws `RegistryError`.
 */
export async function fetchLayerThroughCache(
  asker: Asker,
  ref: RepositoryRef,
  repository: Repository | undefined,
  digest: Digest,
): Promise<boolean> {
  const { core } = asker;
  const remote = await remoteOf(core, ref);
  if (!remote) return false;
  await requireImport(asker, ref, repository);
  const key = flightKey(remote, ref, `layer ${digest}`);
  throwKnownFailure(core, remote, key, 'layer');
  await flightOf(core, remote, ref, digest, key).done;
  return true;
}

/**
 * Answers GET or HEAD of a layer that the repository does not have from its upstream. False if it has none. The caller's
 * right to pull was checked. Throws `RegistryError`.
 */
export async function serveLayerThroughCache(
  call: OciCall,
  ref: RepositoryRef,
  repository: Repository | undefined,
  digest: Digest,
): Promise<boolean> {
  const { core, request, response } = call;
  const remote = await remoteOf(core, ref);
  if (!remote) return false;
  // A client that is about to push must be told what is here, not what could be.
  const pushing = call.caller.scopes !== undefined && isInScope(call, ref, 'push');
  if (pushing && request.method === 'HEAD') return false;
  await requireImport(call, ref, repository);
  const key = flightKey(remote, ref, `layer ${digest}`);
  throwKnownFailure(core, remote, key, 'layer');
  if (request.method === 'HEAD') {
    await serveHead(call, remote, digest, key);
    return true;
  }
  const flight = flightOf(core, remote, ref, digest, key);
  const { size } = await flight.head;
  if (size === undefined || header(request, 'range') !== undefined || header(request, 'if-none-match') !== undefined) {
    await flight.done;
    await sendStored(call, ref, digest);
    return true;
  }
  setHeaders(response, { ...layerHeaders(digest), 'content-length': size });
  response.statusCode = 200;
  await follow(call, ref, flight, digest, size);
  return true;
}

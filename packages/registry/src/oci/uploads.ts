// Uploads of blobs (distribution-spec end-4 to end-6, end-11, end-13): begin, mount, chunk, finish, status, cancel.
import { type Digest, digestAlgorithm, newHexId, parseDigest } from '@longshore/base';
import { RegistryError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { RepositoryRef } from '../names.ts';
import { beginPassing, cancelPassing, finishLayer, receive } from '../receive.ts';
import { findRepository } from '../repositories.ts';
import { type Repository, requireRepository } from '../repository.ts';
import { beginUpload, cancelUpload, findUpload, touchUpload, type Upload, uploadOffset } from '../uploads.ts';
import { repositoryForPush, requireAccess } from './access.ts';
import { bodyLength, bodyOf, hasBody, header, type OciCall } from './call.ts';
import { receiveUnlessKnown } from './known-layers.ts';
import { tryMount } from './mounts.ts';
import { readContentRange, uploadRange } from './ranges.ts';
import { type Headers, OciFailure, sendEmpty } from './respond.ts';

function requireDigest(text: string | null): Digest {
  const digest = text === null ? undefined : parseDigest(text);
  if (!digest)
    throw new RegistryError('digestInvalid', 'The digest is missing, malformed, or neither sha256 nor sha512.');
  return digest;
}

function uploadHeaders(name: string, id: string, offset: number): Headers {
  return { location: `/v2/${name}/blobs/uploads/${id}`, range: uploadRange(offset), 'docker-upload-uuid': id };
}

function sendCreated(call: OciCall, name: string, digest: Digest): void {
  sendEmpty(call, 201, { location: `/v2/${name}/blobs/${digest}`, 'docker-content-digest': digest });
}

/** A whole blob in the body of the POST: an upload of one request, which nobody can continue. */
async function receiveWhole(call: OciCall, repository: Repository, digest: Digest): Promise<void> {
  const id = newHexId();
  const { core } = call;
  await beginPassing(core, repository, id);
  try {
    await receive(core, repository, id, bodyOf(call.request), {
      algorithm: digestAlgorithm(digest),
      freeChunks: true,
      finishFollows: true,
    });
    await finishLayer(core, repository, { id, recorded: false }, digest);
  } catch (error) {
    // After any other failure bytes may have been made a blob already: `recover` knows what to do with them.
    const unfinished = !call.request.complete || error instanceof RegistryError;
    if (unfinished) await cancelPassing(core, id);
    throw error;
  }
}

async function begin(call: OciCall, name: string, ref: RepositoryRef): Promise<void> {
  const { core, query } = call;
  const whole = query.get('digest');
  const actions = whole === null ? initiate : [...initiate, ...append, ...complete];
  const found = await findRepository(core.store, ref);
  await requireAccess(call, name, ref, found, 'push', actions);
  const wholeDigest = whole === null ? undefined : requireDigest(whole);
  const mount = query.get('mount');
  const mountDigest = mount === null ? undefined : requireDigest(mount);
  const repository = await repositoryForPush(call, ref, found);
  const mounting = mountDigest && { name, target: repository, digest: mountDigest };
  if (mounting && (await tryMount(call, mounting, query.get('from')))) {
    return sendCreated(call, name, mounting.digest);
  }
  if (wholeDigest) {
    await receiveUnlessKnown(call, { repository, digest: wholeDigest }, () =>
      receiveWhole(call, repository, wholeDigest),
    );
    return sendCreated(call, name, wholeDigest);
  }
  const id = await beginUpload(core, repository, call.caller.principal, 'oci');
  sendEmpty(call, 202, uploadHeaders(name, id, 0));
}

const initiate = ['ecr:InitiateLayerUpload'];
const append = ['ecr:UploadLayerPart'];
const complete = ['ecr:CompleteLayerUpload'];

/** `POST /v2/<name>/blobs/uploads/` */
export async function handleUploads(call: OciCall, name: string, ref: RepositoryRef): Promise<void> {
  if (call.request.method !== 'POST') throw new RegistryError('unsupported');
  return begin(call, name, ref);
}

/** The body as the chunk at `offset`. Begun when nobody else writes: throws rangeInvalid if another chunk came meanwhile. */
async function* chunkAt(call: OciCall, repository: Repository, upload: Upload, offset: number) {
  if ((await uploadOffset(call.core, repository, upload)) !== offset) throw new RegistryError('rangeInvalid');
  yield* bodyOf(call.request);
}

/** Appends the body. Throws rangeInvalid with the state of the upload if it does not begin where the last chunk ended. */
async function appendBody(
  call: OciCall,
  name: string,
  repository: Repository,
  upload: Upload,
  digest?: Digest,
): Promise<number> {
  const offset = await uploadOffset(call.core, repository, upload);
  const text = header(call.request, 'content-range');
  const range = text === undefined ? undefined : readContentRange(text);
  if (text !== undefined && range?.first !== offset) {
    throw new OciFailure(new RegistryError('rangeInvalid'), uploadHeaders(name, upload.id, offset));
  }
  const length = bodyLength(call.request);
  if (range && length !== undefined && length !== range.last - range.first + 1) {
    throw new RegistryError('sizeInvalid', 'Content-Range and Content-Length do not agree.');
  }
  if (offset + (length ?? 0) > limits.layerBytes) throw new RegistryError('layerTooLarge');
  if (!hasBody(call.request)) return offset;
  const expiresAt = await touchUpload(call.core, upload);
  const maxBytes = Math.min(limits.layerBytes, range ? range.last + 1 : limits.layerBytes);
  try {
    const body = range ? chunkAt(call, repository, upload, offset) : bodyOf(call.request);
    return await receive(call.core, repository, upload.id, body, {
      maxBytes,
      algorithm: digest ? digestAlgorithm(digest) : 'sha256',
      freeChunks: true,
      finishFollows: digest !== undefined,
      recorded: { id: upload.id, expiresAt },
    });
  } catch (error) {
    const kind = error instanceof RegistryError ? error.kind : undefined;
    const isOverrun = kind === 'layerTooLarge' && maxBytes < limits.layerBytes;
    if (!isOverrun && kind !== 'rangeInvalid') throw error;
    // It is longer than it says, or it came twice and the other was faster.
    const held = await uploadOffset(call.core, repository, upload);
    throw new OciFailure(new RegistryError('rangeInvalid'), uploadHeaders(name, upload.id, held));
  }
}

async function finish(call: OciCall, name: string, repository: Repository, upload: Upload): Promise<void> {
  const digest = requireDigest(call.query.get('digest'));
  await receiveUnlessKnown(call, { repository, digest, upload }, () =>
    receiveRest(call, name, repository, upload, digest),
  );
  sendCreated(call, name, digest);
}

/** What the body adds to the upload; then it is complete. */
async function receiveRest(
  call: OciCall,
  name: string,
  repository: Repository,
  upload: Upload,
  digest: Digest,
): Promise<void> {
  // Without a chunk there is nothing to append: also what a PUT left finished, but not recorded, can be finished again.
  if (hasBody(call.request) || header(call.request, 'content-range') !== undefined) {
    await appendBody(call, name, repository, upload, digest);
  }
  try {
    await finishLayer(call.core, repository, { id: upload.id, recorded: true }, digest);
  } catch (error) {
    if (error instanceof RegistryError && error.kind === 'layerMismatch') await cancelUpload(call.core, upload.id);
    throw error;
  }
}

interface UploadMethod {
  readonly actions: (call: OciCall) => readonly string[];
  readonly run: (call: OciCall, name: string, repository: Repository, upload: Upload) => Promise<void>;
}

const methods: ReadonlyMap<string, UploadMethod> = new Map<string, UploadMethod>([
  [
    'GET',
    {
      actions: () => append,
      run: async (call, name, repository, upload) =>
        sendEmpty(call, 204, uploadHeaders(name, upload.id, await uploadOffset(call.core, repository, upload))),
    },
  ],
  [
    'PATCH',
    {
      actions: () => append,
      run: async (call, name, repository, upload) =>
        sendEmpty(call, 202, uploadHeaders(name, upload.id, await appendBody(call, name, repository, upload))),
    },
  ],
  ['PUT', { actions: (call) => (hasBody(call.request) ? [...append, ...complete] : complete), run: finish }],
  [
    'DELETE',
    {
      actions: () => append,
      run: async (call, _name, _repository, upload) => {
        await cancelUpload(call.core, upload.id);
        sendEmpty(call, 204);
      },
    },
  ],
]);

/** `/v2/<name>/blobs/uploads/<id>` */
export async function handleUpload(call: OciCall, name: string, ref: RepositoryRef, id: string): Promise<void> {
  const method = methods.get(call.request.method ?? '');
  if (!method) throw new RegistryError('unsupported');
  const { repository, upload } = await findUpload(call.core, ref, id, call.caller.principal.account, 'oci');
  await requireAccess(call, name, ref, repository, 'push', method.actions(call));
  const held = requireRepository(repository, ref);
  if (!upload) throw new RegistryError('uploadUnknown');
  await method.run(call, name, held, upload);
}

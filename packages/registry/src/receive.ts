// Receiving layers: appending to an upload, and turning a complete one into a blob of its repository.
import { type Digest, type DigestAlgorithm, errorText, finishDigest, newHash } from '@longshore/base';
import {
  BlobTooLargeError,
  DigestMismatchError,
  freeMemory,
  StorageFullError,
  UploadBusyError,
  UploadNotFoundError,
} from '@longshore/blobs';
import type { Core } from './core.ts';
import { repositoryArn } from './names.ts';
import type { FinishedLayer } from './encryption/sealing.ts';
import { RegistryError } from './errors.ts';
import { BlobBeingRemovedError, recordLayerSteps, recordOrphanStep, removalsOf } from './layers.ts';
import { limits } from './limits.ts';
import type { Repository } from './repository.ts';
import { forgetUploadStep, touchUpload, type Upload } from './uploads.ts';

/** Collection needs moments to remove one blob's bytes; a push of the same blob waits this often, this long. */
const removalWaits = 150;
const removalWaitMs = 200;

/** The blob store's errors in the registry's words. */
export function translateBlobError(error: unknown): unknown {
  if (error instanceof UploadNotFoundError) return new RegistryError('uploadUnknown');
  if (error instanceof UploadBusyError) return new RegistryError('uploadBusy');
  if (error instanceof StorageFullError) return new RegistryError('storageFull');
  if (error instanceof BlobTooLargeError) return new RegistryError('layerTooLarge');
  if (error instanceof DigestMismatchError) {
    return new RegistryError('layerMismatch', `The content has digest ${error.actual}.`);
  }
  return error;
}

/** Begins an upload that lives for one request and is not recorded. Throws keyRefused or keyUnreachable. */
export async function beginPassing(core: Core, repository: Repository, id: string): Promise<void> {
  const seal = await core.sealing.newSeal(repository, repositoryArn(core, repository));
  await core.blobs.create(id);
  core.sealing.remember(id, seal);
}

/** Ends it without a layer. */
export async function cancelPassing(core: Core, id: string): Promise<void> {
  core.sealing.forget(id);
  await core.blobs.cancel(id);
}

/** Counts what passes, and keeps a recorded upload from expiring while bytes still come. */
async function* watched(
  core: Core,
  source: AsyncIterable<Uint8Array>,
  upload: Pick<Upload, 'id' | 'expiresAt'> | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let expiresAt = upload?.expiresAt ?? 0;
  for await (const chunk of source) {
    core.counters.receivedBytes.add(chunk.length);
    if (upload && expiresAt < core.clock.now() + core.uploadTtlMs / 2) {
      expiresAt = await touchUpload(core, { id: upload.id, expiresAt });
    }
    yield chunk;
  }
}

/** Takes a body to its end without keeping it; its digest. `recorded`, if there is one, is kept from expiring. */
export async function verifyBytes(
  core: Core,
  source: AsyncIterable<Uint8Array>,
  algorithm: DigestAlgorithm,
  recorded: Pick<Upload, 'id' | 'expiresAt'> | undefined,
): Promise<Digest> {
  const hash = newHash(algorithm);
  for await (const chunk of watched(core, source, recorded)) {
    hash.update(chunk);
    freeMemory(chunk);
  }
  return finishDigest(algorithm, hash);
}

export interface ReceiveOptions {
  /** Total bytes that the upload may have after this chunk. */
  readonly maxBytes?: number;
  readonly algorithm?: DigestAlgorithm;
  /** `finishLayer` follows, before anything is acknowledged: it makes the bytes durable. */
  readonly finishFollows?: boolean;
  /** The chunks are nobody else's: free them once they are written. */
  readonly freeChunks?: boolean;
  /** Set for an upload that is recorded in the store, undefined for one that lives for one request. */
  readonly recorded?: Pick<Upload, 'id' | 'expiresAt'>;
}

/** Appends a stream to an upload; resolves to its size, durable. Throws uploadUnknown, uploadBusy or layerTooLarge. */
export async function receive(
  core: Core,
  repository: Repository,
  id: string,
  source: AsyncIterable<Uint8Array>,
  options: ReceiveOptions = {},
): Promise<number> {
  const { maxBytes = limits.layerBytes, algorithm = 'sha256', freeChunks = false } = options;
  const { finishFollows = false, recorded } = options;
  try {
    const upload = await core.sealing.upload(repository, id);
    return await upload.append(watched(core, source, recorded), { maxBytes, algorithm, freeChunks, finishFollows });
  } catch (error) {
    throw translateBlobError(error);
  }
}

/**
 * Verifies a complete upload and makes it a layer of `repository`: bytes first (durable), then the record, the link and
 * the end of the upload in one transaction, then the upload's own name goes. A crash in between is undone by `recover`.
 * Throws layerMismatch (the upload is still there), uploadUnknown or repositoryUnknown.
 */
export async function finishLayer(
  core: Core,
  repository: Repository,
  upload: { readonly id: string; readonly recorded: boolean },
  digest: Digest,
): Promise<{ readonly size: number }> {
  const size = await recordFinished(core, repository, upload, digest);
  core.sealing.forget(upload.id);
  await core.blobs.release(upload.id).catch((error: unknown) => {
    // The layer is stored and acknowledged; what is left of the upload is removed at the next start.
    core.log.warn({ upload: upload.id, reason: errorText(error) }, 'a finished upload was not released');
  });
  return { size };
}

async function recordFinished(
  core: Core,
  repository: Repository,
  upload: { readonly id: string; readonly recorded: boolean },
  digest: Digest,
): Promise<number> {
  const bytes = await core.sealing.upload(repository, upload.id);
  for (let waited = 0; ; waited++) {
    try {
      // Before the bytes: a removal after they were stored shows in it.
      const removals = await removalsOf(core, digest);
      const finished = await bytes.finish(digest);
      const { size } = finished;
      // The digest of sealed bytes is of this upload alone: nobody can have removed them.
      const removed = finished.seal ? 0 : removals;
      const [recorded] = await core.store
        .write([
          ...recordLayerSteps(core, repository, digest, finished, removed),
          ...(upload.recorded ? [forgetUploadStep(upload.id)] : []),
        ])
        .catch(async (error: unknown) => {
          if (error instanceof RegistryError) await leaveToCollection(core, upload.id, finished, removed);
          throw error;
        });
      if (recorded?.rows[0]?.version === 1) {
        core.counters.blobsStored.add();
        core.counters.storedBytes.add(finished.storedSize);
      }
      return size;
    } catch (error) {
      if (!(error instanceof BlobBeingRemovedError)) throw translateBlobError(error);
      if (waited >= removalWaits) throw new RegistryError('layerBeingRemoved');
      await core.clock.sleep(removalWaitMs);
    }
  }
}

/** The repository or the upload is gone: nothing links the bytes that were just stored. Throws `BlobBeingRemovedError`. */
async function leaveToCollection(core: Core, id: string, { stored, storedSize }: FinishedLayer, removals: number) {
  try {
    await core.store.write([recordOrphanStep(core, stored, storedSize, removals)]);
    core.sealing.forget(id);
    await core.blobs.release(id);
  } catch (error) {
    if (error instanceof BlobBeingRemovedError) throw error;
    core.log.warn({ upload: id, reason: errorText(error) }, 'bytes without a repository are removed at the next start');
  }
}

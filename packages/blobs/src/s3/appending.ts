// Uploads in the bucket: begun, asked about, appended to, cancelled.
import { newHash } from '@longshore/base';
import { type Drained, drain } from '../drain.ts';
import { UploadNotFoundError } from '../errors.ts';
import { isUploadId } from '../layout.ts';
import type { AppendOptions, BlobUploads } from '../types.ts';
import type { UploadState, UploadTable } from '../upload-table.ts';
import type { S3Context } from './context.ts';
import { s3Error } from './failures.ts';
import { createPartWriter } from './part-writer.ts';
import { type StoredRecord, sizeOf } from './upload-record.ts';

export function createAppending(
  context: S3Context,
  table: UploadTable,
): Pick<BlobUploads, 'create' | 'offset' | 'append' | 'cancel'> {
  const { records } = context;

  async function appendTo(
    upload: string,
    state: UploadState,
    stored: StoredRecord,
    source: AsyncIterable<Uint8Array>,
    append: AppendOptions,
  ): Promise<number> {
    const position = sizeOf(stored.record);
    prepareHash(state, position, stored.etag, append);
    const { maxBytes = Number.MAX_SAFE_INTEGER, signal } = append;
    const writer = await createPartWriter(context, upload, stored);
    let failure: Drained;
    try {
      const refusal = () => state.last && new UploadNotFoundError(upload);
      const bounds = { position, maxBytes, hash: state.hash, signal, refusal };
      failure = await drain(source, bounds, (piece) => writer.add(piece));
      const { record, etag } = await writer.commit();
      state.hashedBytes = sizeOf(record);
      state.version = etag;
    } catch (error) {
      // The hash has seen more than what counts now.
      state.hash = undefined;
      throw s3Error(error);
    } finally {
      await writer.discard();
    }
    if (failure !== undefined) throw failure.error;
    return state.hashedBytes;
  }

  return {
    async create(upload) {
      await records.create(upload, context.owner).catch(inOurWords);
    },

    async offset(upload) {
      if (!isUploadId(upload)) return undefined;
      return (await records.head(upload).catch(inOurWords))?.size;
    },

    append(upload, source, append = {}) {
      return table.exclusively(upload, async (state) => {
        if (state.finished !== undefined) throw new UploadNotFoundError(upload);
        const stored = await records.read(upload).catch(inOurWords);
        return appendTo(upload, state, stored, source, append);
      });
    },

    async cancel(upload) {
      if (!isUploadId(upload)) return;
      await table.lastly(upload, async (state) => {
        if (state.finished !== undefined) return;
        await removeUpload(context, upload).catch(inOurWords);
        state.ended = true;
      });
    },
  };
}

/** Removes an upload and what it holds; its record last, so that what a crash leaves can be found by it. */
export async function removeUpload(context: S3Context, upload: string): Promise<void> {
  const { bucket, multiparts, records, keys } = context;
  const found = await records.find(upload);
  if (!found) return;
  const { owner, multipart, sealed } = found.record;
  const key = keys.staging(owner, upload);
  if (multipart !== undefined) await multiparts.abort({ key, id: multipart });
  if (multipart !== undefined || sealed !== undefined) await bucket.remove(key);
  await records.remove(upload);
}

/** Starts the hash at the first byte; forgets it if the upload has bytes that it has not seen. */
function prepareHash(state: UploadState, position: number, version: string, append: AppendOptions): void {
  if (position === 0) {
    state.algorithm = append.algorithm ?? 'sha256';
    state.hash = newHash(state.algorithm);
    state.version = version;
  } else if (state.hashedBytes !== position || state.version !== version) {
    state.hash = undefined;
  }
}

function inOurWords(error: unknown): never {
  throw s3Error(error);
}

// Turning an upload into a blob. The order makes every crash undoable: the digest verified, the finished name, the bytes
// (sent whole if they fill no part, else a server-side copy of the completed parts); then the registry's own transaction;
// then `release` drops the finished name. All of it can be done again.
import { type Digest, digestAlgorithm, digestOf, finishDigest, newHash } from '@longshore/base';
import { DigestMismatchError, UploadNotFoundError } from '../errors.ts';
import { isUploadId } from '../layout.ts';
import type { BlobUploads } from '../types.ts';
import type { UploadState, UploadTable } from '../upload-table.ts';
import type { S3Context } from './context.ts';
import { copyObject } from './copying.ts';
import { isNoMultipart, s3Error } from './failures.ts';
import { openParts } from './part-writer.ts';
import { readObject } from './reading.ts';
import { type StoredRecord, sizeOf, type UploadRecord } from './upload-record.ts';

export function createFinishing(context: S3Context, table: UploadTable): Pick<BlobUploads, 'finish' | 'release'> {
  const { bucket, multiparts, records, keys, owner } = context;

  const name = (upload: string, digest: Digest) =>
    bucket.put(keys.finished(owner, upload, digest), new Uint8Array(0)).then(() => undefined);

  /** Makes the parts one object under the staging key, once; what is beyond the last part becomes the last part. */
  async function seal(upload: string, record: UploadRecord): Promise<void> {
    if (record.multipart === undefined && record.sealed !== undefined && record.tail.length === 0) return;
    try {
      const { multipart, parts } = await openParts(context, upload, record);
      const last = record.tail.length > 0 ? [await multiparts.send(multipart, parts.length + 1, record.tail)] : [];
      await multiparts.complete(multipart, [...parts, ...last]);
    } catch (error) {
      if (!isNoMultipart(error)) throw error;
      // It was completed before, by a request whose answer was lost.
      const staged = await bucket.head(keys.staging(record.owner, upload));
      if (staged?.size !== sizeOf(record)) throw new UploadNotFoundError(upload);
    }
  }

  async function hashStaged(upload: string, record: UploadRecord, digest: Digest): Promise<Digest> {
    const hash = newHash(digestAlgorithm(digest));
    const bytes = await readObject(context, keys.staging(record.owner, upload));
    if (!bytes) throw new UploadNotFoundError(upload);
    for await (const chunk of bytes) hash.update(chunk);
    return finishDigest(digestAlgorithm(digest), hash);
  }

  async function finishSmall(upload: string, { tail }: UploadRecord, digest: Digest): Promise<void> {
    const actual = digestOf(tail, digestAlgorithm(digest));
    if (actual !== digest) throw new DigestMismatchError(digest, actual);
    await name(upload, digest);
    await bucket.put(keys.blob(digest), tail);
  }

  async function finishParts(upload: string, { record, etag }: StoredRecord, digest: Digest, state: UploadState) {
    const known = knownDigest(state, sizeOf(record), etag, digest);
    if (known !== undefined && known !== digest) throw new DigestMismatchError(digest, known);
    await seal(upload, record);
    const actual = known ?? (await hashStaged(upload, record, digest));
    if (actual !== digest) {
      const sealed = { ...record, multipart: undefined, parts: [], tail: new Uint8Array(0), sealed: sizeOf(record) };
      await records.write(upload, sealed, etag);
      throw new DigestMismatchError(digest, actual);
    }
    await name(upload, digest);
    const { copyBounds } = context;
    await copyObject(context, keys.staging(record.owner, upload), keys.blob(digest), sizeOf(record), copyBounds);
  }

  return {
    finish(upload, digest) {
      return table.exclusively(upload, async (state) => {
        try {
          const stored = await records.read(upload);
          const { record } = stored;
          const small = record.multipart === undefined && record.sealed === undefined;
          await (small ? finishSmall(upload, record, digest) : finishParts(upload, stored, digest, state));
          state.finished = digest;
          return { size: sizeOf(record) };
        } catch (error) {
          throw s3Error(error);
        }
      });
    },

    async release(upload) {
      if (!isUploadId(upload)) return;
      await table.exclusively(upload, async (state) => {
        try {
          const found = await records.find(upload);
          const record = found?.record;
          if (record && (record.multipart !== undefined || record.sealed !== undefined)) {
            await bucket.remove(keys.staging(record.owner, upload));
          }
          // The finished name goes last: until then `recover` finds the rest by it.
          await records.remove(upload);
          for (const key of await finishedKeys(upload, state)) await bucket.remove(key);
          state.ended = true;
        } catch (error) {
          throw s3Error(error);
        }
      });
    },
  };

  async function finishedKeys(upload: string, state: UploadState): Promise<string[]> {
    if (state.finished !== undefined) return [keys.finished(owner, upload, state.finished)];
    const found: string[] = [];
    for await (const { key } of bucket.list(keys.finishesOf(owner, upload))) found.push(key);
    return found;
  }
}

/** The digest of the upload's bytes if they were hashed as they came, all of them, by this process. */
function knownDigest(state: UploadState, size: number, version: string, digest: Digest): Digest | undefined {
  const { hash, algorithm, hashedBytes } = state;
  const valid = hashedBytes === size && state.version === version && algorithm === digestAlgorithm(digest);
  return hash !== undefined && valid ? finishDigest(algorithm, hash.copy()) : undefined;
}

// Writing the bytes of one append: gathered into parts, each sent while the next one gathers; now and then, and at the end,
// the upload's record is written, which is what makes them count.
import { buffer } from 'node:stream/consumers';
import { UploadBusyError, UploadNotFoundError } from '../errors.ts';
import type { S3Context } from './context.ts';
import { copyRanges } from './copying.ts';
import { isNoMultipart } from './failures.ts';
import type { Multipart, Part } from './multipart.ts';
import { readObject } from './reading.ts';
import { type StoredRecord, sizeOf, type UploadRecord } from './upload-record.ts';

export interface PartWriter {
  add(piece: Uint8Array): Promise<void>;
  /** Makes everything durable; resolves to what the upload is then. */
  commit(): Promise<StoredRecord>;
  /** Ends what is under way and gives the memory back. */
  discard(): Promise<void>;
}

/** After this much, or a sixteenth of what there is already, the record is written: what a crash can take from an append. */
const checkpointBytes = 64 * 1024 * 1024;
const checkpointShare = 16;
const noBytes = new Uint8Array(0);

export interface OpenParts {
  readonly multipart: Multipart;
  readonly parts: readonly Part[];
}

/**
 * The multipart upload of an upload, begun if there is none; what was sealed already becomes its first parts (it is sent
 * again: a client that was told of a wrong digest after a restart and goes on is rare).
 */
export async function openParts(context: S3Context, upload: string, record: UploadRecord): Promise<OpenParts> {
  const { multiparts, keys, partBytes } = context;
  const key = keys.staging(record.owner, upload);
  if (record.multipart !== undefined) return { multipart: { key, id: record.multipart }, parts: record.parts };
  const multipart = await multiparts.begin(key, true);
  const parts: Part[] = [];
  for (const range of record.sealed === undefined ? [] : copyRanges(record.sealed, partBytes)) {
    const bytes = await readObject(context, key, range);
    if (!bytes) throw new UploadNotFoundError(upload);
    parts.push(await multiparts.send(multipart, parts.length + 1, await buffer(bytes)));
  }
  return { multipart, parts };
}

export async function createPartWriter(context: S3Context, upload: string, stored: StoredRecord): Promise<PartWriter> {
  const { multiparts, records, buffers, partBytes } = context;
  let { record, etag } = stored;
  let current = buffers.create();
  let sending: Promise<void> = Promise.resolve();
  let unrecorded = 0;

  async function write(next: UploadRecord): Promise<void> {
    etag = await records.write(upload, next, etag);
    record = next;
    unrecorded = 0;
  }

  async function send(part: typeof current): Promise<void> {
    try {
      const { multipart, parts } = await openParts(context, upload, record);
      const sent = await part.with((bytes) => multiparts.send(multipart, parts.length + 1, bytes));
      unrecorded += sent.size;
      record = { ...record, multipart: multipart.id, parts: [...parts, sent], tail: noBytes, sealed: undefined };
      if (unrecorded >= Math.max(checkpointBytes, sizeOf(record) / checkpointShare)) await write(record);
    } catch (error) {
      // Another process completed or cancelled it.
      throw isNoMultipart(error) ? new UploadBusyError(upload) : error;
    } finally {
      await part.discard();
    }
  }

  async function flush(): Promise<void> {
    await sending;
    sending = send(current);
    // The error surfaces at the next `await sending`; until then it must not count as unhandled.
    sending.catch(() => undefined);
    current = buffers.create();
  }

  async function add(piece: Uint8Array): Promise<void> {
    for (let rest = piece; rest.length > 0; ) {
      const fits = rest.subarray(0, partBytes - current.length);
      await current.add(fits);
      rest = rest.subarray(fits.length);
      if (current.length >= partBytes) await flush();
    }
  }

  await add(record.tail);
  return {
    add,
    async commit() {
      await sending;
      await current.with((tail) => write({ ...record, tail }));
      return { record, etag };
    },
    async discard() {
      await sending.catch(() => undefined);
      await current.discard();
    },
  };
}

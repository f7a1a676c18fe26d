// What is known of an upload, in one object, so that one write acknowledges an append whole or not at all: a line of JSON with
// the parts that are sent, then the bytes that do not fill a part yet. It is written only over the version that was read:
// of two processes that append at the same time one is told so.
import { buffer } from 'node:stream/consumers';
import { UploadBusyError, UploadNotFoundError } from '../errors.ts';
import { type Bucket, ObjectChangedError } from './bucket.ts';
import type { Keys } from './keys.ts';
import type { Part } from './multipart.ts';

export interface UploadRecord {
  /** The process that began it. */
  readonly owner: string;
  /** The multipart upload that takes the parts; undefined as long as there is none. */
  readonly multipart: string | undefined;
  readonly parts: readonly Part[];
  /** The bytes after the parts, fewer than a part has. */
  readonly tail: Uint8Array;
  /** Set when the parts were made an object that turned out to have another digest: bytes of that object. */
  readonly sealed: number | undefined;
}

export interface StoredRecord {
  readonly record: UploadRecord;
  readonly etag: string;
}

export interface RecordHead {
  readonly owner: string;
  readonly size: number;
}

export interface UploadRecords {
  /** Throws if there is one. */
  create(upload: string, owner: string): Promise<void>;
  head(upload: string): Promise<RecordHead | undefined>;
  /** Undefined if there is none. */
  find(upload: string): Promise<StoredRecord | undefined>;
  /** Throws `UploadNotFoundError`. */
  read(upload: string): Promise<StoredRecord>;
  /** Over the version `etag`; resolves to the new one. Throws `UploadBusyError`. */
  write(upload: string, record: UploadRecord, etag: string): Promise<string>;
  remove(upload: string): Promise<void>;
}

export function sizeOf({ parts, tail, sealed }: UploadRecord): number {
  return parts.reduce((sum, part) => sum + part.size, (sealed ?? 0) + tail.length);
}

export function createUploadRecords(bucket: Bucket, keys: Keys): UploadRecords {
  const metadataOf = (record: UploadRecord) => ({ owner: record.owner, size: String(sizeOf(record)) });

  async function find(upload: string): Promise<StoredRecord | undefined> {
    const found = await bucket.get(keys.upload(upload));
    return found && { record: decodeRecord(await buffer(found.body)), etag: found.etag };
  }

  return {
    find,
    async create(upload, owner) {
      const record: UploadRecord = {
        owner,
        multipart: undefined,
        parts: [],
        tail: new Uint8Array(0),
        sealed: undefined,
      };
      try {
        const condition = { metadata: metadataOf(record), ifMatch: null };
        await bucket.put(keys.upload(upload), encodeRecord(record), condition);
      } catch (error) {
        throw error instanceof ObjectChangedError ? new TypeError(`Upload ${upload} exists already`) : error;
      }
    },
    async head(upload) {
      const found = await bucket.head(keys.upload(upload));
      return found && { owner: found.metadata['owner'] ?? '', size: Number(found.metadata['size']) };
    },
    async read(upload) {
      const found = await find(upload);
      if (!found) throw new UploadNotFoundError(upload);
      return found;
    },
    async write(upload, record, etag) {
      try {
        const condition = { metadata: metadataOf(record), ifMatch: etag };
        return await bucket.put(keys.upload(upload), encodeRecord(record), condition);
      } catch (error) {
        throw error instanceof ObjectChangedError ? new UploadBusyError(upload) : error;
      }
    },
    remove: (upload) => bucket.remove(keys.upload(upload)),
  };
}

const newline = 0x0a;

export function encodeRecord({ tail, ...head }: UploadRecord): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify({ version: 1, ...head })}\n`), tail]);
}

/** Throws if this program did not write it. */
export function decodeRecord(bytes: Buffer): UploadRecord {
  const end = bytes.indexOf(newline);
  const head = JSON.parse(bytes.subarray(0, Math.max(0, end)).toString() || '{}') as Partial<UploadRecord> & {
    readonly version?: number;
  };
  if (head.version !== 1 || typeof head.owner !== 'string' || !Array.isArray(head.parts)) {
    throw new Error('An upload in the bucket was not written by this program, or by a later version of it');
  }
  const { owner, multipart, parts, sealed } = head;
  return { owner, multipart, parts, sealed, tail: bytes.subarray(end + 1) };
}

// The nouns of the blob store: content-addressed bytes, and uploads that become them. Nothing here knows accounts,
// repositories or names; who may see what is the registry's business. Bodies are streamed, never held whole.
import type { Readable } from 'node:stream';
import type { Digest, DigestAlgorithm } from '@longshore/base';
import type { FileBytes } from './file-bytes.ts';

/** An inclusive byte range, both ends given and inside the blob. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** Where a blob's bytes go: an HTTP response, a file, a hash. */
export interface ByteSink {
  /** Writes `chunk`; the buffer is the callee's only until the promise resolves, then it is reused. */
  write(chunk: Uint8Array): Promise<void>;
  /** Takes a long run of bytes from the open file by itself: a socket that the kernel can fill without a copy. */
  takeFile?(file: FileBytes, first: number, length: number): Promise<void>;
}

export interface BlobReader {
  /** Size in bytes, or undefined if the blob is not stored. */
  size(digest: Digest): Promise<number | undefined>;
  /** Copies the blob (or `range` of it) into `sink`. Throws `BlobNotFoundError`. */
  copyTo(digest: Digest, sink: ByteSink, range?: ByteRange): Promise<void>;
  /** The blob as a Node stream, for consumers that need one. */
  open(digest: Digest, range?: ByteRange): Promise<Readable>;
}

/**
 * Uploads. An upload id is 32 hexadecimal digits, made by the caller. Appended bytes are durable when `append` resolves and survive a
 * restart; after one, the offset is whatever reached the disk.
 */
export interface BlobUploads {
  create(upload: string): Promise<void>;
  /** Bytes received so far, or undefined if there is no such upload. */
  offset(upload: string): Promise<number | undefined>;
  /**
   * Appends a stream; resolves to the new offset, durable. On a failing source what arrived is kept and the error is
   * thrown. More than `maxBytes` in total throws `BlobTooLargeError` and drops the excess. Two appends to one upload at
   * the same time: the second throws `UploadBusyError`. A full disk throws `StorageFullError` and takes nothing of this append.
   * The chunks are kept until they are written, so the source must not use their memory again. The source's iterator is
   * returned when it is given up: pass a request as `request.iterator({ destroyOnReturn: false })` to answer it all the same.
   */
  append(upload: string, source: AsyncIterable<Uint8Array>, options?: AppendOptions): Promise<number>;
  /**
   * Verifies the digest and makes the bytes readable under it, durable (file and folder). Throws `DigestMismatchError`
   * (the upload stays) or `UploadNotFoundError`. The upload's own name stays until `release`, so that a crash between
   * `finish` and the registry's transaction can be undone by `recover`. Until `release`, finishing again with the same
   * digest does the rest again and gives the same answer.
   */
  finish(upload: string, digest: Digest): Promise<{ readonly size: number }>;
  /** After the registry's transaction: forgets the upload's own name. */
  release(upload: string): Promise<void>;
  /**
   * Ends an upload without a blob. No error if there is none. While another request writes it, that one is told soon
   * (`UploadNotFoundError`), and what there is goes when it ends. A finished upload stays for `recover`, which alone knows
   * whether its blob was recorded.
   */
  cancel(upload: string): Promise<void>;
}

export interface AppendOptions {
  /** Total size of the upload that must not be passed. */
  readonly maxBytes?: number;
  /** Hash while streaming, so that `finish` need not read the bytes again. Default sha256. */
  readonly algorithm?: DigestAlgorithm;
  /** The caller finishes the upload next and acknowledges nothing before: what arrives whole need be durable only then. */
  readonly finishFollows?: boolean;
  /** The source gives its chunks away: their memory may be freed (a chunk is empty then) once written. */
  readonly freeChunks?: boolean;
  readonly signal?: AbortSignal;
}

export interface BlobStore extends BlobReader, BlobUploads {
  /**
   * A URL where a client may fetch the blob's bytes itself for `seconds`, without credentials; undefined if this store hands
   * none out. Says nothing about whether the blob is there.
   */
  urlOf(digest: Digest, seconds: number): Promise<string | undefined>;
  readonly kind: 'directory' | 's3';
  /** 32 hexadecimal digits that tell this store from any other: made when first asked for, and kept with the bytes. */
  storeId(): Promise<string>;
  /** Where `storeId` is kept: a path or an S3 URL. */
  readonly storeIdAt: string;
  /**
   * At start, before anything is served: for every upload left by a crash, `isKnown(upload)` says whether it may be
   * resumed (else it is removed) and `isStored(digest)` whether a finished blob was recorded (else its bytes are removed).
   */
  recover(oracle: RecoveryOracle): Promise<RecoveryReport>;
  /** Removes a blob's bytes. No error if there are none. Only collection calls this. */
  remove(digest: Digest): Promise<void>;
  /** Whether less than a third of the space is free; false where there is always more. */
  isShortOfSpace(): Promise<boolean>;
  close(): Promise<void>;
}

export interface RecoveryOracle {
  isKnown(upload: string): Promise<boolean>;
  isStored(digest: Digest): Promise<boolean>;
  /**
   * Records bytes that have no record as garbage, for collection to remove; false if they have one. In a store that several
   * processes use `recover` does this instead of removing them, since another process may record them at this moment.
   */
  condemn?(digest: Digest, size: number): Promise<boolean>;
}

export interface RecoveryReport {
  readonly kept: number;
  readonly removedUploads: number;
  readonly removedBlobs: number;
}

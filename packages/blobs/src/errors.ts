// What can go wrong in a blob store.
import type { Digest } from '@longshore/base';

export class BlobNotFoundError extends Error {
  override readonly name = 'BlobNotFoundError';
  constructor(digest: Digest) {
    super(`No blob ${digest} is stored`);
  }
}

export class UploadNotFoundError extends Error {
  override readonly name = 'UploadNotFoundError';
  constructor(upload: string) {
    super(`There is no upload ${upload}`);
  }
}

export class UploadBusyError extends Error {
  override readonly name = 'UploadBusyError';
  constructor(upload: string) {
    super(`Upload ${upload} is being written by another request`);
  }
}

export class BlobTooLargeError extends Error {
  override readonly name = 'BlobTooLargeError';
  constructor(maxBytes: number) {
    super(`The upload is larger than ${maxBytes} bytes`);
  }
}

export class DigestMismatchError extends Error {
  override readonly name = 'DigestMismatchError';
  readonly actual: Digest;
  constructor(expected: Digest, actual: Digest) {
    super(`The bytes have digest ${actual}, not ${expected}`);
    this.actual = actual;
  }
}

/** The disk or the quota is exhausted. What was being written is undone; the upload is as it was before. */
export class StorageFullError extends Error {
  override readonly name = 'StorageFullError';
  constructor(options?: ErrorOptions) {
    super('The disk that holds the blobs is full; free some space on it and try again', options);
  }
}

/** Bytes kept elsewhere cannot be reached, or only with errors; retries were made. The upload is as it was when last acknowledged. */
export class BlobStoreUnavailableError extends Error {
  override readonly name = 'BlobStoreUnavailableError';
  constructor(reason: string, options?: ErrorOptions) {
    super(`The blob store does not answer as it should: ${reason}`, options);
  }
}

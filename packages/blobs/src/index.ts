// The door of `blobs`.
export { type DirectoryBlobStoreOptions, openDirectoryBlobStore } from './directory.ts';
export {
  BlobNotFoundError,
  BlobStoreUnavailableError,
  BlobTooLargeError,
  DigestMismatchError,
  StorageFullError,
  UploadBusyError,
  UploadNotFoundError,
} from './errors.ts';
export { type FileBytes, fileBytes } from './file-bytes.ts';
export { withLibc } from './libc.ts';
export { SealBrokenError } from './sealed/chunk-cipher.ts';
export { copySealed, type SealedBlob } from './sealed/reading.ts';
export { noProgress, type SealedResult, type SealedUpload, type SealProgress } from './sealed/types.ts';
export { createSealedUploads, type SealedUploads } from './sealed/uploads.ts';
export { openS3BlobStore } from './open-s3.ts';
export { freeMemory } from './pour.ts';
export type { S3BlobStoreOptions } from './s3/store.ts';
export type {
  AppendOptions,
  BlobReader,
  BlobStore,
  BlobUploads,
  ByteRange,
  ByteSink,
  RecoveryOracle,
  RecoveryReport,
} from './types.ts';

// The door of `blobs`.
export { type DirectoryBlobStoreOptions, openDirectoryBlobStore } from './directory.ts';
export {
  BlobNotFoundError,
  BlobTooLargeError,
  DigestMismatchError,
  StorageFullError,
  UploadBusyError,
  UploadNotFoundError,
} from './errors.ts';
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

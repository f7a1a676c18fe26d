// The door of `blobs`.
export {
  BlobNotFoundError,
  BlobTooLargeError,
  DigestMismatchError,
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

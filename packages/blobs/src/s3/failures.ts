// Telling the errors of an S3 store apart, and putting them into the blob store's words.
import {
  BlobNotFoundError,
  BlobStoreUnavailableError,
  BlobTooLargeError,
  DigestMismatchError,
  StorageFullError,
  UploadBusyError,
  UploadNotFoundError,
} from '../errors.ts';

interface ServiceFailure {
  readonly name: string;
  readonly status: number | undefined;
}

function failureOf(error: unknown): ServiceFailure {
  if (!(error instanceof Error)) return { name: '', status: undefined };
  const metadata = '$metadata' in error ? (error.$metadata as { httpStatusCode?: number } | undefined) : undefined;
  return { name: error.name, status: metadata?.httpStatusCode };
}

/** No such object. */
export function isNoObject(error: unknown): boolean {
  const { name, status } = failureOf(error);
  return (
    name === 'NoSuchKey' ||
    name === 'NotFound' ||
    (status === 404 && name !== 'NoSuchBucket' && name !== 'NoSuchUpload')
  );
}

/** No such multipart upload: completed, aborted, or never there. */
export function isNoMultipart(error: unknown): boolean {
  return failureOf(error).name === 'NoSuchUpload';
}

/** A condition of the request did not hold: another process wrote first. */
export function isConflict(error: unknown): boolean {
  const { name, status } = failureOf(error);
  return status === 412 || name === 'PreconditionFailed' || name === 'ConditionalRequestConflict';
}

export function isBeyondEnd(error: unknown): boolean {
  const { name, status } = failureOf(error);
  return status === 416 || name === 'InvalidRange';
}

const fullNames: ReadonlySet<string> = new Set([
  'QuotaExceeded',
  'XMinioStorageFull',
  'InsufficientStorage',
  'EntityTooLarge',
]);

/** Whether asking again may help: a fault of the server, or of the connection. */
export function isTransient(error: unknown): boolean {
  const { status, name } = failureOf(error);
  return status === undefined ? name !== 'CredentialsProviderError' : status >= 500 || status === 429 || status === 408;
}

const own = [
  BlobNotFoundError,
  BlobTooLargeError,
  BlobStoreUnavailableError,
  DigestMismatchError,
  StorageFullError,
  UploadBusyError,
  UploadNotFoundError,
  RangeError,
  TypeError,
];

/** A full store, or one that cannot be used now, in our words; our own errors as they are. */
export function s3Error(error: unknown): unknown {
  if (own.some((each) => error instanceof each)) return error;
  const { name, status } = failureOf(error);
  if (fullNames.has(name) || status === 507) return new StorageFullError({ cause: error });
  return new BlobStoreUnavailableError(reasonOf(error), { cause: error });
}

function reasonOf(error: unknown): string {
  const { name, status } = failureOf(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : name;
  const text = error instanceof Error ? error.message : String(error);
  return [status, code, text].filter((each) => each !== undefined && each !== '').join(' ');
}

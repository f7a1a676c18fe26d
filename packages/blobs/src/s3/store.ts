// The blob store in a bucket of an S3-compatible service. See keys.ts for what lies where. Imported only when it is configured:
// the S3 client weighs more than all else that this package has.
import { HeadBucketCommand } from '@aws-sdk/client-s3';
import { type Clock, type Logger, systemClock, UserError } from '@longshore/base';
import type { BlobStore } from '../types.ts';
import { createUploadTable } from '../upload-table.ts';
import { createAppending } from './appending.ts';
import { openBucket } from './bucket.ts';
import { createS3Client, defaultLimits, type S3Credentials, type S3Limits } from './client.ts';
import type { S3Context } from './context.ts';
import { type CopyBounds, defaultCopyBounds } from './copying.ts';
import { s3Error } from './failures.ts';
import { createFinishing } from './finishing.ts';
import { keysOf } from './keys.ts';
import { parseS3Location } from './location.ts';
import { openMultiparts } from './multipart.ts';
import { createPartBuffers } from './part-buffers.ts';
import { presignedUrl } from './presign.ts';
import { createS3Reader } from './reading.ts';
import { recoverBucket } from './recovery.ts';
import { bucketStoreId } from './store-id.ts';
import { createUploadRecords } from './upload-record.ts';

export interface S3BlobStoreOptions {
  /** `s3://BUCKET/PREFIX?endpoint=…&region=…`; see location.ts. The bucket must be there. */
  readonly url: string;
  readonly log: Logger;
  /** The name of this process, the same over restarts, another one for each process: 1 to 64 letters, digits, _ and -. */
  readonly owner?: string;
  /** How the AWS SDKs find them if left out. */
  readonly credentials?: S3Credentials;
  readonly clock?: Clock;
  readonly limits?: Partial<S3Limits>;
  /** Size of all parts but the last: 10,000 of them are what S3 takes, so 8 MiB are enough for 78 GiB. */
  readonly partBytes?: number;
  /** Memory for parts that gather; what exceeds it goes to temporary files. */
  readonly memoryBytes?: number;
  readonly copyBounds?: CopyBounds;
}

const defaultPartBytes = 8 * 1024 * 1024;
const abandonedMs = 7 * 24 * 60 * 60 * 1000;

/**
 * Opens the store. Call `recover` before anything is served from it. Several processes may use one bucket and prefix, each
 * under an `owner` of its own. Throws `UserError` for a wrong URL and for a bucket that cannot be used.
 */
export async function createS3BlobStore(options: S3BlobStoreOptions): Promise<BlobStore> {
  const { log, owner = 'longshore', clock = systemClock, partBytes = defaultPartBytes, memoryBytes } = options;
  const location = parseS3Location(options.url);
  const limits = { ...defaultLimits, ...options.limits };
  const client = createS3Client(location, limits, options.credentials);
  const keys = keysOf(location.prefix);
  const bucket = openBucket(client, location.bucket, limits);
  const context: S3Context = {
    bucket,
    keys,
    multiparts: openMultiparts(client, location.bucket, limits),
    records: createUploadRecords(bucket, keys),
    buffers: createPartBuffers(memoryBytes === undefined ? { partBytes } : { partBytes, memoryBytes }),
    owner,
    partBytes,
    copyBounds: options.copyBounds ?? defaultCopyBounds,
    abandonedMs,
    limits,
    clock,
    log,
  };
  try {
    await client.send(new HeadBucketCommand({ Bucket: location.bucket }));
  } catch (error) {
    client.destroy();
    throw cannotUse(location.bucket, error);
  }
  const table = createUploadTable();
  return {
    kind: 's3',
    storeId: () => bucketStoreId(context),
    storeIdAt: `s3://${location.bucket}/${keys.storeId}`,
    ...createS3Reader(context),
    ...createAppending(context, table),
    ...createFinishing(context, table),
    recover: (oracle) => recoverBucket(context, oracle),
    isShortOfSpace: async () => false,
    async urlOf(digest, seconds) {
      if (!location.redirect) return undefined;
      return presignedUrl(location, keys.blob(digest), await client.config.credentials(), clock.now(), seconds);
    },
    async remove(digest) {
      try {
        await bucket.remove(keys.blob(digest));
      } catch (error) {
        throw s3Error(error);
      }
    },
    close: async () => client.destroy(),
  };
}

function cannotUse(bucket: string, error: unknown): UserError {
  const reason = s3Error(error);
  return new UserError(
    `The bucket ${bucket} cannot be used: ${reason instanceof Error ? reason.message : String(reason)}`,
    'See that it exists, that its endpoint and region are right, and that credentials for it are where AWS SDKs look (AWS_ACCESS_KEY_ID, ~/.aws, an instance role).',
  );
}

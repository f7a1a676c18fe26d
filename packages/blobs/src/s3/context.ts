// What the parts of the S3 blob store work with; made once by `openS3BlobStore` and handed to functions.
import type { Clock, Logger } from '@longshore/base';
import type { Bucket } from './bucket.ts';
import type { S3Limits } from './client.ts';
import type { CopyBounds } from './copying.ts';
import type { Keys } from './keys.ts';
import type { Multiparts } from './multipart.ts';
import type { PartBuffers } from './part-buffers.ts';
import type { UploadRecords } from './upload-record.ts';

export interface S3Context {
  readonly bucket: Bucket;
  readonly multiparts: Multiparts;
  readonly records: UploadRecords;
  readonly keys: Keys;
  readonly buffers: PartBuffers;
  /** This process, by the name that it keeps over restarts. */
  readonly owner: string;
  /** Every part but the last has this size, which some stores insist on. */
  readonly partBytes: number;
  readonly copyBounds: CopyBounds;
  /** What another process has left untouched for this long is taken for abandoned. */
  readonly abandonedMs: number;
  readonly limits: S3Limits;
  readonly clock: Clock;
  readonly log: Logger;
}

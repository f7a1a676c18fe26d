// The door to the S3 blob store, which is loaded only when it is used.
import type { S3BlobStoreOptions } from './s3/store.ts';
import type { BlobStore } from './types.ts';

/** See `S3BlobStoreOptions`. Throws `UserError` for a wrong URL and for a bucket that cannot be used. */
export async function openS3BlobStore(options: S3BlobStoreOptions): Promise<BlobStore> {
  const { createS3BlobStore } = await import('./s3/store.ts');
  return createS3BlobStore(options);
}

// What a crash left behind, put right at start. Only what is under way is listed, never the blobs. What this process left is
// undone at once; what another one began is its own business, unless nobody has touched it for days.
import type { Digest } from '@longshore/base';
import type { RecoveryOracle, RecoveryReport } from '../types.ts';
import { removeUpload } from './appending.ts';
import type { S3Context } from './context.ts';
import { s3Error } from './failures.ts';

type Outcome = keyof RecoveryReport;

export async function recoverBucket(context: S3Context, oracle: RecoveryOracle): Promise<RecoveryReport> {
  const counts: Record<Outcome, number> = { kept: 0, removedUploads: 0, removedBlobs: 0 };
  try {
    const finished = await recoverFinished(context, oracle, (outcome) => (counts[outcome] += 1));
    await recoverUploads(context, oracle, finished, (outcome) => (counts[outcome] += 1));
    await abortStrayMultiparts(context);
  } catch (error) {
    throw s3Error(error);
  }
  return counts;
}

/** Whether what `owner` left at `modifiedAt` is nobody's any more but recovery's. */
function isLeft(context: S3Context, owner: string, modifiedAt: number): boolean {
  return owner === context.owner || modifiedAt < context.clock.now() - context.abandonedMs;
}

/** Resolves to the uploads that were finished, by whomever. */
async function recoverFinished(
  context: S3Context,
  oracle: RecoveryOracle,
  count: (outcome: Outcome) => void,
): Promise<ReadonlySet<string>> {
  const { bucket, keys, log } = context;
  const seen = new Set<string>();
  for await (const { key, modifiedAt } of bucket.list(keys.finishes)) {
    const name = keys.parseFinished(key);
    if (!name) {
      log.warn({ key }, 'the bucket holds something that is not a finished upload; it is left alone');
      continue;
    }
    seen.add(name.upload);
    if (!isLeft(context, name.owner, modifiedAt)) continue;
    const removed = await removeUnlessStored(context, oracle, name.digest);
    await removeUpload(context, name.upload);
    await bucket.remove(key);
    count(removed ? 'removedBlobs' : 'kept');
  }
  return seen;
}

async function removeUnlessStored(context: S3Context, oracle: RecoveryOracle, digest: Digest): Promise<boolean> {
  const { bucket, keys } = context;
  if (await oracle.isStored(digest)) return false;
  const key = keys.blob(digest);
  const found = await bucket.head(key);
  if (!found) return false;
  if (oracle.condemn) return oracle.condemn(digest, found.size);
  await bucket.remove(key);
  return true;
}

async function recoverUploads(
  context: S3Context,
  oracle: RecoveryOracle,
  finished: ReadonlySet<string>,
  count: (outcome: Outcome) => void,
): Promise<void> {
  const { bucket, keys, records } = context;
  for await (const { key, modifiedAt } of bucket.list(keys.uploads)) {
    const upload = keys.parseUpload(key);
    if (upload === undefined || finished.has(upload)) continue;
    if (await oracle.isKnown(upload)) {
      count('kept');
      continue;
    }
    const head = await records.head(upload);
    if (!head || !isLeft(context, head.owner, modifiedAt)) continue;
    await removeUpload(context, upload);
    count('removedUploads');
  }
}

/** Multipart uploads that no record names: of appends cut off before their first record, and of copies. */
async function abortStrayMultiparts(context: S3Context): Promise<void> {
  const { multiparts, records, keys } = context;
  for await (const each of multiparts.list(keys.all)) {
    const name = keys.parseStaging(each.key);
    if (!isLeft(context, name?.owner ?? '', each.startedAt)) continue;
    const found = name && (await records.find(name.upload));
    if (found?.record.multipart !== each.id) await multiparts.abort(each);
  }
}

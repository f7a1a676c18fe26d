// What a crash left behind, put right at start. Only the uploads folder is listed, never the blobs: the time this takes goes with
// what was under way, not with what is stored.
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest, Logger } from '@longshore/base';
import { unlinkIfThere } from './file-errors.ts';
import type { Folders } from './folders.ts';
import { type Layout, parseUploadName, type UploadName } from './layout.ts';
import type { RecoveryOracle, RecoveryReport } from './types.ts';

type Outcome = 'kept' | 'upload removed' | 'blob removed';

export interface RecoveryOptions {
  readonly layout: Layout;
  readonly folders: Folders;
  readonly log: Logger;
}

export async function recoverUploads(options: RecoveryOptions, oracle: RecoveryOracle): Promise<RecoveryReport> {
  const { layout, folders, log } = options;
  const counts: Record<Outcome, number> = { kept: 0, 'upload removed': 0, 'blob removed': 0 };
  for await (const entry of await opendir(layout.uploads)) {
    const name = parseUploadName(entry.name);
    if (name === undefined) {
      log.warn({ name: entry.name }, 'the uploads folder holds something that is not an upload; it is left alone');
      continue;
    }
    counts[await recoverOne(options, oracle, name, join(layout.uploads, entry.name))] += 1;
  }
  await folders.sync(layout.uploads);
  return { kept: counts.kept, removedUploads: counts['upload removed'], removedBlobs: counts['blob removed'] };
}

async function recoverOne(
  options: RecoveryOptions,
  oracle: RecoveryOracle,
  { upload, digest }: UploadName,
  path: string,
): Promise<Outcome> {
  if (digest !== undefined) return recoverFinished(options, oracle, digest, path);
  if (await oracle.isKnown(upload)) return 'kept';
  await unlinkIfThere(path);
  return 'upload removed';
}

async function recoverFinished(
  { layout, folders }: RecoveryOptions,
  oracle: RecoveryOracle,
  digest: Digest,
  path: string,
): Promise<Outcome> {
  // True also when another upload of the same bytes was recorded: then only this name is too much.
  const stored = await oracle.isStored(digest);
  if (!stored) {
    // The blob's name goes first: were it the other way round, a crash in between would leave a blob nobody knows of.
    await unlinkIfThere(layout.blob(digest));
    await folders.ensure(layout.blobFolder(digest));
    await folders.sync(layout.blobFolder(digest));
  }
  await unlinkIfThere(path);
  return stored ? 'kept' : 'blob removed';
}

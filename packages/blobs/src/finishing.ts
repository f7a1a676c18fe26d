// Turning an upload into a blob. The order makes every crash undoable: the bytes durable, the finished name (rename), the
// blob's name (link), both folders durable; then the registry's own transaction; then `release` drops the finished name.
import { constants } from 'node:fs';
import { link, open, opendir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, type DigestAlgorithm, digestAlgorithm, finishDigest, newHash } from '@longshore/base';
import type { BufferPool } from './buffers.ts';
import { copyBytes } from './copy.ts';
import { fileBytes } from './file-bytes.ts';
import { DigestMismatchError, UploadNotFoundError } from './errors.ts';
import { isExisting, isMissing, storageError, unlinkIfThere } from './file-errors.ts';
import type { Folders } from './folders.ts';
import { isUploadId, type Layout, parseUploadName } from './layout.ts';
import type { BlobUploads } from './types.ts';
import { openUpload } from './upload-file.ts';
import type { UploadState, UploadTable } from './upload-table.ts';

export interface FinishingOptions {
  readonly layout: Layout;
  readonly folders: Folders;
  readonly pool: BufferPool;
  readonly table: UploadTable;
}

export function createFinishing(options: FinishingOptions): Pick<BlobUploads, 'finish' | 'release'> {
  const { layout, folders, pool, table } = options;

  async function verify(upload: string, digest: Digest, state: UploadState): Promise<number> {
    const file = openUpload(layout, upload);
    try {
      const size = file.size();
      const algorithm = digestAlgorithm(digest);
      const actual =
        digestSoFar(state, size, algorithm) ?? (await digestOfFile(layout.upload(upload), size, algorithm, pool));
      if (actual !== digest) throw new DigestMismatchError(digest, actual);
      await file.datasync();
      return size;
    } finally {
      file.close();
    }
  }

  /** Gives the bytes their names. If that fails the upload has its own name again, and can be finished later. */
  async function linkBlob(upload: string, digest: Digest): Promise<void> {
    const finished = layout.finished(upload, digest);
    await folders.ensure(layout.blobFolder(digest));
    await rename(layout.upload(upload), finished);
    try {
      await linkUnlessThere(finished, layout.blob(digest));
    } catch (error) {
      await rename(finished, layout.upload(upload));
      throw error;
    }
  }

  /** Both folders, whether or not the blob was there before: another request may have linked it and not synced it yet. */
  async function syncNames(digest: Digest): Promise<void> {
    await Promise.all([folders.sync(layout.uploads), folders.sync(layout.blobFolder(digest))]);
  }

  /** For an upload that was finished before, by a request whose answer was lost: its size, after doing the rest again. */
  async function finishAgain(upload: string, digest: Digest): Promise<number> {
    const finished = layout.finished(upload, digest);
    try {
      const { size } = await stat(finished);
      await folders.ensure(layout.blobFolder(digest));
      await linkUnlessThere(finished, layout.blob(digest));
      return size;
    } catch (error) {
      throw isMissing(error) ? new UploadNotFoundError(upload) : error;
    }
  }

  return {
    finish(upload, digest) {
      return table.exclusively(upload, async (state) => {
        try {
          let size = await verify(upload, digest, state).catch(undefinedIfNotFound);
          if (size === undefined) size = await finishAgain(upload, digest);
          else await linkBlob(upload, digest);
          state.finished = digest;
          state.hash = undefined;
          await syncNames(digest);
          return { size };
        } catch (error) {
          throw storageError(error);
        }
      });
    },

    async release(upload) {
      if (!isUploadId(upload)) return;
      await table.exclusively(upload, async (state) => {
        const finished = state.finished;
        const paths =
          finished === undefined ? await finishedPaths(layout, upload) : [layout.finished(upload, finished)];
        await Promise.all(paths.map(unlinkIfThere));
        state.ended = true;
      });
    },
  };
}

/** The digest of the upload's bytes if they were hashed while they came, all of them. */
function digestSoFar({ hash, hashedBytes, algorithm }: UploadState, size: number, wanted: DigestAlgorithm) {
  if (hash === undefined || hashedBytes !== size || algorithm !== wanted) return undefined;
  return finishDigest(algorithm, hash.copy());
}

async function digestOfFile(path: string, size: number, algorithm: DigestAlgorithm, pool: BufferPool): Promise<Digest> {
  const hash = newHash(algorithm);
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    await copyBytes(fileBytes(file), { write: async (chunk) => void hash.update(chunk) }, pool, 0, size);
  } finally {
    await file.close();
  }
  return finishDigest(algorithm, hash);
}

/** The finished names of an upload that this process does not remember. */
async function finishedPaths(layout: Layout, upload: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const entry of await opendir(layout.uploads)) {
    const name = parseUploadName(entry.name);
    if (name?.upload === upload && name.digest !== undefined) paths.push(join(layout.uploads, entry.name));
  }
  return paths;
}

async function linkUnlessThere(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    // The same digest is the same content.
    if (!isExisting(error)) throw error;
  }
}

function undefinedIfNotFound(error: unknown): undefined {
  if (!(error instanceof UploadNotFoundError)) throw error;
}

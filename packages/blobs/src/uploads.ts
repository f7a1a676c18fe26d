// Uploads in the directory: one file each, appended to by one request at a time.
import { closeSync, open as openFile, statSync } from 'node:fs';
import { promisify } from 'node:util';
import { newHash } from '@longshore/base';
import type { BufferPool } from './buffers.ts';
import { createSyncSlots } from './early-sync.ts';
import { UploadNotFoundError } from './errors.ts';
import { isMissing, storageError, unlinkIfThere } from './file-errors.ts';
import { createFinishing } from './finishing.ts';
import type { Folders } from './folders.ts';
import { fileMode, isUploadId, type Layout } from './layout.ts';
import { type Poured, pour } from './pour.ts';
import type { AppendOptions, BlobUploads } from './types.ts';
import { type OpenFile, openUpload } from './upload-file.ts';
import { createUploadTable, type UploadState } from './upload-table.ts';

export interface UploadsOptions {
  readonly layout: Layout;
  readonly folders: Folders;
  readonly pool: BufferPool;
}

const open = promisify(openFile);

/** All appends together gather about this much before they write, twice while they are few; each within the two bounds below. */
const gatherBudget = 16 * 1024 * 1024;
const gatherMost = 1024 * 1024;
const gatherLeast = 64 * 1024;
/** So many at once keep the disk and this thread busy without each filling a second buffer while the first is written. */
const few = 16;

export function createUploads(options: UploadsOptions): BlobUploads {
  const { layout, folders } = options;
  const table = createUploadTable();
  const syncSlots = createSyncSlots();
  let appending = 0;

  const gatherBytes = () => Math.min(gatherMost, Math.max(gatherLeast, Math.floor(gatherBudget / appending)));

  const fillAhead = () => appending <= few;

  async function sync(file: OpenFile, state: UploadState): Promise<void> {
    await Promise.all([file.datasync(), state.named ? undefined : folders.sync(layout.uploads)]);
    state.named = true;
  }

  async function appendTo(
    upload: string,
    file: OpenFile,
    state: UploadState,
    source: AsyncIterable<Uint8Array>,
    append: AppendOptions,
  ): Promise<number> {
    const start = file.size();
    prepareHash(state, start, append);
    const maxBytes = append.maxBytes ?? Number.MAX_SAFE_INTEGER;
    let poured: Poured;
    try {
      const { hash } = state;
      const { signal, freeChunks: freePieces = false } = append;
      poured = await pour(source, {
        file,
        position: start,
        hash,
        maxBytes,
        gatherBytes,
        fillAhead,
        syncSlots,
        freePieces,
        signal,
        refusal: () => state.last && new UploadNotFoundError(upload),
      });
      // Of an append that `finish` follows, only what stays an upload must be durable now.
      if (!append.finishFollows || poured.failure !== undefined) await sync(file, state);
    } catch (error) {
      // The write or the sync failed: nobody knows what reached the disk, so go back to what was durable before.
      state.hash = undefined;
      await file.truncate(start);
      throw storageError(error);
    }
    state.hashedBytes = poured.end;
    if (poured.failure !== undefined) throw poured.failure.error;
    return poured.end;
  }

  return {
    ...createFinishing({ ...options, table }),

    async create(upload) {
      try {
        closeSync(await open(layout.upload(upload), 'wx', fileMode));
      } catch (error) {
        throw storageError(error);
      }
    },

    async offset(upload) {
      if (!isUploadId(upload)) return undefined;
      try {
        return statSync(layout.upload(upload)).size;
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },

    append(upload, source, append = {}) {
      return table.exclusively(upload, async (state) => {
        const file = openUpload(layout, upload);
        appending += 1;
        try {
          return await appendTo(upload, file, state, source, append);
        } finally {
          appending -= 1;
          file.close();
        }
      });
    },

    async cancel(upload) {
      if (!isUploadId(upload)) return;
      await table.lastly(upload, async (state) => {
        await unlinkIfThere(layout.upload(upload));
        state.ended = true;
      });
    },
  };
}

/** Starts the hash at the first byte; forgets it if bytes reached the file that it has not seen. */
function prepareHash(state: UploadState, start: number, append: AppendOptions): void {
  if (start === 0) {
    state.algorithm = append.algorithm ?? 'sha256';
    state.hash = newHash(state.algorithm);
  } else if (state.hashedBytes !== start) {
    state.hash = undefined;
  }
}

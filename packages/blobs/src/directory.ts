// The blob store in a directory of this machine. See layout.ts for what lies where.
import { statfs } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Logger } from '@longshore/base';
import { createBufferPool } from './buffers.ts';
import { unlinkIfThere } from './file-errors.ts';
import { createFolders } from './folders.ts';
import { layoutOf } from './layout.ts';
import { createOpenFiles } from './open-files.ts';
import { createReader } from './reading.ts';
import { recoverUploads } from './recovery.ts';
import { storeIdIn } from './store-id.ts';
import type { BlobStore } from './types.ts';
import { createUploads } from './uploads.ts';

export interface DirectoryBlobStoreOptions {
  /** Made if missing. One process at a time may use it; the file system must have hard links. */
  readonly dir: string;
  readonly log: Logger;
}

/** Opens the store. Call `recover` before anything is served from it. Throws what the file system throws. */
export async function openDirectoryBlobStore(options: DirectoryBlobStoreOptions): Promise<BlobStore> {
  const { log } = options;
  const dir = resolve(options.dir);
  const layout = layoutOf(dir);
  const folders = createFolders();
  const pool = createBufferPool();
  const files = createOpenFiles(layout);
  await folders.ensure(dir);
  await Promise.all([folders.ensure(layout.uploads), folders.ensure(layout.blobs)]);
  for (const algorithm of layout.algorithmFolders) await folders.ensure(algorithm);
  let storeId: Promise<string> | undefined;
  return {
    kind: 'directory',
    storeId: () => (storeId ??= storeIdIn(layout.storeId)),
    storeIdAt: layout.storeId,
    ...createReader(layout, files, pool),
    ...createUploads({ layout, folders, pool }),
    urlOf: async () => undefined,
    recover: (oracle) => recoverUploads({ layout, folders, log }, oracle),
    async remove(digest) {
      await unlinkIfThere(layout.blob(digest));
      files.forget(digest);
      // Durable, so that a power cut cannot bring back what the registry forgot.
      await folders.ensure(layout.blobFolder(digest));
      await folders.sync(layout.blobFolder(digest));
    },
    async isShortOfSpace() {
      const { bavail, blocks } = await statfs(layout.blobs);
      return bavail * 3 < blocks;
    },
    close: () => files.close(),
  };
}

// Files of uploads, and folders to sync. What only looks at memory that the kernel holds (open, size, close) is done at once: a
// round trip through Node's pool of threads costs ten times as much CPU. What may wait for the disk goes through the pool.
import { closeSync, constants, fdatasync, fstatSync, fsync, ftruncate, openSync } from 'node:fs';
import { promisify } from 'node:util';
import { UploadNotFoundError } from './errors.ts';
import { isMissing } from './file-errors.ts';
import type { Layout } from './layout.ts';

export interface OpenFile {
  readonly fd: number;
  size(): number;
  /** Resolves when the content is durable. */
  datasync(): Promise<void>;
  truncate(size: number): Promise<void>;
  close(): void;
}

const [syncData, syncAll, setSize] = [promisify(fdatasync), promisify(fsync), promisify(ftruncate)];

/** Throws `UploadNotFoundError`. */
export function openUpload(layout: Layout, upload: string): OpenFile {
  const fd = openExisting(layout, upload);
  return {
    fd,
    size: () => fstatSync(fd).size,
    datasync: () => syncData(fd),
    truncate: (size) => setSize(fd, size),
    close: () => closeSync(fd),
  };
}

function openExisting(layout: Layout, upload: string): number {
  try {
    return openSync(layout.upload(upload), constants.O_RDWR | constants.O_NOFOLLOW);
  } catch (error) {
    throw isMissing(error) ? new UploadNotFoundError(upload) : error;
  }
}

/** Makes the folder's entries durable. */
export async function syncFolder(path: string): Promise<void> {
  const fd = openSync(path, 'r');
  try {
    await syncAll(fd);
  } finally {
    closeSync(fd);
  }
}

// Files that are whole or not there: written beside, flushed, renamed, and the folder flushed too.
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const temporarySuffix = '.new';

/** What of a file system these need: a part of `node:fs/promises`. */
export interface Disk {
  open(path: string, flags: string, mode?: number): Promise<DiskFile>;
  mkdir(path: string, options: { readonly recursive: true; readonly mode: number }): Promise<unknown>;
  readdir(path: string): Promise<string[]>;
  readFile(path: string, encoding: 'utf8'): Promise<string>;
  rename(from: string, to: string): Promise<void>;
  rm(path: string, options: { readonly force: true }): Promise<void>;
  stat(path: string): Promise<{ readonly size: number }>;
  unlink(path: string): Promise<void>;
}

export interface DiskFile {
  writeFile(text: string): Promise<void>;
  datasync(): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

export const realDisk: Disk = Object.freeze({ mkdir, open, readdir, readFile, rename, rm, stat, unlink });

async function flushFolder(dir: string, disk: Disk): Promise<void> {
  const handle = await disk.open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Replaces `path` by `text` (mode 0600). When this resolves, the new content survives a power cut. */
export async function writeDurably(path: string, text: string, disk: Disk = realDisk): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}${temporarySuffix}`;
  const handle = await disk.open(temporary, 'wx', 0o600);
  // Containers wait for this to start: what can be done meanwhile is not waited for.
  const opening = disk.open(dirname(path), 'r');
  opening.catch(() => undefined);
  try {
    await handle.writeFile(text);
    await handle.datasync();
    await disk.rename(temporary, path);
    await (await opening).sync();
  } catch (error) {
    await disk.rm(temporary, { force: true });
    throw error;
  } finally {
    closeLater(handle);
    opening.then(closeLater, () => undefined);
  }
}

/** What was flushed is safe, whether or not its closing succeeds. */
function closeLater(handle: DiskFile): void {
  handle.close().catch(() => undefined);
}

/** The content of `path`, or undefined if it is not there. Throws if it is longer than `maxBytes`. */
export async function readIfThere(path: string, maxBytes: number, disk: Disk = realDisk): Promise<string | undefined> {
  try {
    const { size } = await disk.stat(path);
    if (size > maxBytes) throw new Error(`${path} is larger than ${maxBytes} bytes`);
    return await disk.readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Removes `path`, for good once this resolves; nothing happens if it is not there. */
export async function removeDurably(path: string, disk: Disk = realDisk): Promise<void> {
  try {
    await disk.unlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  await flushFolder(dirname(path), disk);
}

/** Makes `dir` (mode 0700) and clears what a crash left half written; the names of its whole files. */
export async function openFolder(dir: string, disk: Disk = realDisk): Promise<string[]> {
  await disk.mkdir(dir, { recursive: true, mode: 0o700 });
  const names = await disk.readdir(dir);
  const torn = names.filter((name) => name.endsWith(temporarySuffix));
  for (const name of torn) await disk.rm(join(dir, name), { force: true });
  return names.filter((name) => !name.endsWith(temporarySuffix));
}

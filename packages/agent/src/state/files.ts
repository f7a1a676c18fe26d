// Files that are whole or not there: written beside, flushed, renamed, and the folder flushed too.
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const temporarySuffix = '.new';

async function flushFolder(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Replaces `path` by `text` (mode 0600). When this resolves, the new content survives a power cut. */
export async function writeDurably(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}${temporarySuffix}`;
  const handle = await open(temporary, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.datasync();
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  await rename(temporary, path);
  await flushFolder(dirname(path));
}

/** The content of `path`, or undefined if it is not there. Throws if it is longer than `maxBytes`. */
export async function readIfThere(path: string, maxBytes: number): Promise<string | undefined> {
  try {
    const { size } = await stat(path);
    if (size > maxBytes) throw new Error(`${path} is larger than ${maxBytes} bytes`);
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Removes `path`, for good once this resolves; nothing happens if it is not there. */
export async function removeDurably(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  await flushFolder(dirname(path));
}

/** Makes `dir` (mode 0700) and clears what a crash left half written; the names of its whole files. */
export async function openFolder(dir: string): Promise<string[]> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const names = await readdir(dir);
  const torn = names.filter((name) => name.endsWith(temporarySuffix));
  for (const name of torn) await rm(join(dir, name), { force: true });
  return names.filter((name) => !name.endsWith(temporarySuffix));
}

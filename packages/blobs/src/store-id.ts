// The name that a directory blob store keeps beside its bytes, so that no database is served from the layers of another.
import { link, open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { newHexId, UserError } from '@longshore/base';
import { isExisting, isMissing, unlinkIfThere } from './file-errors.ts';
import type { Folders } from './folders.ts';
import { fileMode } from './layout.ts';

const pattern = /^[0-9a-f]{32}$/;

/** What a store's name is read from; throws `UserError` for anything but 32 hexadecimal digits. */
export function parseStoreId(text: string, where: string): string {
  const id = text.trim();
  if (pattern.test(id)) return id;
  throw new UserError(
    `${where} is damaged: it must hold 32 hexadecimal digits`,
    'Restore it from a backup of the layers, or remove it and start again: the error then says which name the database knows.',
  );
}

/** The name in `file`, made (durable, whole or not at all) by the first who asks. */
export async function storeIdIn(file: string, folders: Folders): Promise<string> {
  const held = await readIfThere(file);
  if (held !== undefined) return parseStoreId(held, file);
  const id = newHexId();
  const temporary = join(dirname(file), `.store-id-${newHexId()}`);
  const handle = await open(temporary, 'wx', fileMode);
  try {
    await handle.writeFile(`${id}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    // A link, which unlike a renaming never replaces what another process made meanwhile.
    await link(temporary, file);
  } catch (error) {
    if (!isExisting(error)) throw error;
    return parseStoreId(await readFile(file, 'utf8'), file);
  } finally {
    await unlinkIfThere(temporary);
    await folders.sync(dirname(file));
  }
  return id;
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

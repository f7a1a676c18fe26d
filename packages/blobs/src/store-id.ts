// The name that a blob store keeps beside its bytes, so that no database is served from the layers of another.
import { newHexId, readIfThere, UserError, writeDurably } from '@longshore/base';

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

/** The name in `file`, made by whoever asks first; one process at a time uses the folder. */
export async function storeIdIn(file: string): Promise<string> {
  const held = await readIfThere(file, 4096);
  if (held !== undefined) return parseStoreId(held, file);
  const id = newHexId();
  await writeDurably(file, `${id}\n`);
  return id;
}

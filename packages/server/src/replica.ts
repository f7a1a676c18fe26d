// A name for this server that stays the same over restarts, so that it finds what it left behind.
import { join } from 'node:path';
import { newHexId, readIfThere, writeDurably } from '@longshore/base';
import type { DataDir } from './data-dir.ts';

export async function replicaName(data: DataDir): Promise<string> {
  const file = join(data.path, 'replica');
  const held = (await readIfThere(file, 4096))?.trim();
  if (held !== undefined && /^[0-9a-f]{32}$/.test(held)) return held;
  const name = newHexId();
  await writeDurably(file, `${name}\n`);
  return name;
}

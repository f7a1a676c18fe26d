// A name for this server that stays the same over restarts, so that it finds what it left behind.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newHexId } from '@longshore/base';
import type { DataDir } from './data-dir.ts';

export async function replicaName(data: DataDir): Promise<string> {
  const file = join(data.path, 'replica');
  try {
    const name = (await readFile(file, 'utf8')).trim();
    if (/^[0-9a-f]{32}$/.test(name)) return name;
  } catch {
    // The first start: made below.
  }
  const name = newHexId();
  await writeFile(file, `${name}\n`, { mode: 0o600 });
  return name;
}

// Remembers whether hello is still to be run, so that a start that was cut short tries it again.
import { access, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DataDir } from './data-dir.ts';
import { type HelloParts, runHello } from './hello.ts';

function marker(data: DataDir): string {
  return join(data.path, 'hello.pending');
}

/** True at the first start, and at later ones until hello ran once. */
export async function helloPending(data: DataDir, firstStart: boolean): Promise<boolean> {
  if (firstStart) {
    await writeFile(marker(data), '', { mode: 0o600 });
    return true;
  }
  return access(marker(data)).then(
    () => true,
    () => false,
  );
}

export async function startHello(parts: HelloParts & { readonly data: DataDir }): Promise<string> {
  const url = await runHello(parts);
  await rm(marker(parts.data), { force: true });
  return url;
}

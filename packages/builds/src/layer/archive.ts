// A layer as a tar archive, streamed: the same entries always give the same bytes (sorted by the plan, times zero, no names of
// users), so the same source gives the same digest.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { UserError } from '@longshore/base';
import type { LayerEntry } from './plan.ts';
import { endOfArchive, padding, tarHeader } from './tar.ts';

const mostLayerBytes = 32 * 1024 ** 3;
const pieceBytes = 64 * 1024;

/** Throws a `UserError` if a file cannot be read or becomes shorter while it is. */
export async function* archiveOf(entries: readonly LayerEntry[]): AsyncGenerator<Uint8Array> {
  let written = 0;
  for (const entry of entries) {
    if (entry.kind !== 'file') {
      yield tarHeader(entry, 0);
      continue;
    }
    const file = await openFile(entry.from);
    try {
      const { size } = await file.stat();
      written += size;
      if (written > mostLayerBytes) throw new UserError(`The layer is larger than ${mostLayerBytes} bytes`);
      yield tarHeader(entry, size);
      yield* bytesOf(file, size, entry.path);
      yield padding(size);
    } finally {
      await file.close();
    }
  }
  yield endOfArchive;
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : error;
    throw new UserError(`${path} cannot be read: ${String(code)}`);
  }
}

/** Exactly `size` bytes, however the file changes meanwhile. */
async function* bytesOf(file: FileHandle, size: number, path: string): AsyncGenerator<Uint8Array> {
  let position = 0;
  while (position < size) {
    const wanted = Math.min(pieceBytes, size - position);
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(wanted), 0, wanted, position);
    if (bytesRead === 0) throw new UserError(`The file for ${path} became shorter while it was read; build again`);
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

// The victim of crash.test.ts: a process that uses a blob store and says, line by line, what it was promised.
import { writeSync } from 'node:fs';
import { digestOf, silentLogger } from '@longshore/base';
import { openDirectoryBlobStore } from './directory.ts';
import { StorageFullError } from './errors.ts';
import type { BlobStore } from './types.ts';

/** Reproducible content: piece `index` of a stream, or the whole of blob `index`. */
export function contentOf(index: number, bytes = 5000): Buffer {
  return Buffer.alloc(bytes, `content ${index} `);
}

export function uploadOf(index: number): string {
  return index.toString(16).padStart(32, '0');
}

/** Synchronous, so that the line is out before anything else happens. */
function say(line: string): void {
  writeSync(1, `${line}\n`);
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

/** Appends to one upload for ever; says each acknowledged offset. */
async function appendForever(store: BlobStore): Promise<void> {
  await store.create(uploadOf(0));
  for (let index = 0; ; index += 1) say(`offset ${await store.append(uploadOf(0), once(contentOf(index)))}`);
}

/** Makes blobs for ever; those with an even number are recorded, as a registry would, before they are released. */
async function finishForever(store: BlobStore): Promise<void> {
  for (let index = 0; ; index += 1) {
    const upload = uploadOf(index);
    await store.create(upload);
    await store.append(upload, once(contentOf(index)));
    await store.finish(upload, digestOf(contentOf(index)));
    say(`finished ${index}`);
    if (index % 2 !== 0) continue;
    say(`recorded ${index}`);
    await store.release(upload);
    say(`released ${index}`);
  }
}

/** Fills a disk of 2 MB, and goes on. */
async function fillDisk(store: BlobStore): Promise<void> {
  const upload = uploadOf(0);
  await store.create(upload);
  await store.append(upload, once(contentOf(0)));
  const tooMuch = store.append(upload, once(contentOf(1, 5_000_000)));
  const refused = await tooMuch.catch((error: unknown) => error);
  say(`refused ${refused instanceof StorageFullError}`);
  say(`offset ${await store.offset(upload)}`);
  await store.append(upload, once(contentOf(2)));
  const digest = digestOf(Buffer.concat([contentOf(0), contentOf(2)]));
  const { size } = await store.finish(upload, digest);
  await store.release(upload);
  say(`stored ${size}`);
}

const modes: Readonly<Record<string, (store: BlobStore) => Promise<void>>> = {
  append: appendForever,
  finish: finishForever,
  fill: fillDisk,
};

const [mode = '', dir = ''] = process.argv.slice(2);
if (import.meta.main) await modes[mode]?.(await openDirectoryBlobStore({ dir, log: silentLogger }));

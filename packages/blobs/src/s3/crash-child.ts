// The victim of crash.test.ts: a process that uploads to a bucket and says, line by line, what it was promised.
import { writeSync } from 'node:fs';
import { digestOf, silentLogger } from '@longshore/base';
import { openS3BlobStore } from '../open-s3.ts';
import type { BlobStore } from '../types.ts';

const MiB = 1024 * 1024;
export const partBytes = 5 * MiB;

/** Reproducible content: chunk `index` of the stream, or the whole of blob `index`: more than a part. */
export function contentOf(index: number): Buffer {
  return Buffer.alloc(partBytes + 4_321, `content ${index} `);
}

export function uploadOf(index: number): string {
  return index.toString(16).padStart(32, '0');
}

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

async function appendForever(store: BlobStore): Promise<void> {
  await store.create(uploadOf(0));
  for (let index = 0; ; index += 1) {
    say(`begin ${index}`);
    say(`offset ${await store.append(uploadOf(0), once(contentOf(index)))}`);
  }
}

/** Makes blobs for ever; those with an even number are recorded, as a registry would, before they are released. */
async function finishForever(store: BlobStore): Promise<void> {
  for (let index = 0; ; index += 1) {
    const upload = uploadOf(index);
    await store.create(upload);
    await store.append(upload, once(contentOf(index)));
    say(`appended ${index}`);
    await store.finish(upload, digestOf(contentOf(index)));
    say(`finished ${index}`);
    if (index % 2 !== 0) continue;
    say(`recorded ${index}`);
    await store.release(upload);
    say(`released ${index}`);
  }
}

const [mode = '', url = ''] = process.argv.slice(2);
if (import.meta.main) {
  const store = await openS3BlobStore({ url, log: silentLogger, partBytes });
  await (mode === 'append' ? appendForever(store) : finishForever(store));
}

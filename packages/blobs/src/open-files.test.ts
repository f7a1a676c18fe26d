// Blobs that stay open: opened once for many readers, given up when nobody reads them, gone for new readers once they are removed.
import { randomBytes } from 'node:crypto';
import { readdirSync, readlinkSync } from 'node:fs';
import { mkdtemp, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { type Digest, digestOf } from '@longshore/base';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BlobNotFoundError } from './errors.ts';
import { fileBytes } from './file-bytes.ts';
import { createOpenFiles, type OpenBlob } from './open-files.ts';
import { openCachedRead } from './page-cache.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longshore-open-files-'));
});
afterAll(() => rm(folder, { recursive: true }));

const layout = { blob: (digest: Digest) => join(folder, digest) };

async function blob(
  bytes: Uint8Array = randomBytes(100),
): Promise<{ digest: Digest; path: string; bytes: Uint8Array }> {
  const digest = digestOf(bytes);
  await writeFile(layout.blob(digest), bytes);
  return { digest, path: layout.blob(digest), bytes };
}

async function content(open: OpenBlob): Promise<Buffer> {
  const buffer = Buffer.alloc(open.size);
  await open.fill(buffer, 0);
  return buffer;
}

/** How many descriptors this process has of the path, also of a removed one. */
function descriptorsOf(path: string): number {
  return readdirSync('/proc/self/fd').filter((each) => {
    try {
      return readlinkSync(`/proc/self/fd/${each}`).startsWith(path);
    } catch {
      return false;
    }
  }).length;
}

async function untilClosed(path: string): Promise<void> {
  while (descriptorsOf(path) > 0) await setImmediate();
}

test('many readers have one descriptor, which is closed when nobody has read for a while', async () => {
  const files = createOpenFiles(layout, { roundMs: 20, mostIdle: 10 });
  const { digest, path, bytes } = await blob();
  const readers = Array.from({ length: 5 }, () => files.use(digest, content));
  for (const reader of readers) expect(await reader).toEqual(Buffer.from(bytes));
  expect(descriptorsOf(path)).toBe(1);
  await untilClosed(path);
  expect(await files.use(digest, content)).toEqual(Buffer.from(bytes));
  await files.close();
  expect(descriptorsOf(path)).toBe(0);
});

test('a removed blob is absent for new readers; one that has begun reads on, then its space is free', async () => {
  const files = createOpenFiles(layout);
  const { digest, path, bytes } = await blob();
  await files.use(digest, async (open) => {
    await unlink(path);
    files.forget(digest);
    await expect(files.use(digest, content)).rejects.toThrow(BlobNotFoundError);
    expect(await content(open)).toEqual(Buffer.from(bytes));
  });
  await untilClosed(path);
  // What was absent is looked for again.
  await writeFile(path, bytes);
  expect(await files.use(digest, content)).toEqual(Buffer.from(bytes));
  await files.close();
});

test('no more files stay open without a reader than were asked for', async () => {
  const files = createOpenFiles(layout, { roundMs: 60_000, mostIdle: 3 });
  const blobs = await Promise.all(Array.from({ length: 8 }, () => blob()));
  for (const { digest } of blobs) await files.use(digest, content);
  const open = () => blobs.filter(({ path }) => descriptorsOf(path) > 0).length;
  while (open() > 3) await setImmediate();
  expect(open()).toBe(3);
  await files.close();
  expect(open()).toBe(0);
});

test('a reader that fails gives the file back', async () => {
  const files = createOpenFiles(layout);
  const { digest, path } = await blob();
  await expect(files.use(digest, () => Promise.reject(new Error('the client went')))).rejects.toThrow(
    'the client went',
  );
  await files.close();
  expect(descriptorsOf(path)).toBe(0);
});

test('what is not in memory comes from the disk, and a file that is too short is told', async () => {
  const files = createOpenFiles(layout);
  const bytes = randomBytes(3_000);
  const { digest } = await blob(bytes);
  await files.use(digest, async ({ descriptor }) => {
    const cached = openCachedRead();
    const buffer = Buffer.alloc(5_000);
    const read = cached?.(descriptor, buffer, 0) ?? 0;
    expect(buffer.subarray(0, read)).toEqual(bytes.subarray(0, read));
    expect(cached?.(descriptor, buffer, 3_000) ?? 0).toBe(0);
    expect(cached?.(-1, buffer, 0) ?? 0).toBe(0);
  });
  await files.use(digest, async (open) => {
    await expect(open.fill(Buffer.alloc(3_001), 0)).rejects.toThrow('The file ends at byte 3000');
    const rest = Buffer.alloc(1_000);
    await open.fill(rest, 2_000);
    expect(rest).toEqual(bytes.subarray(2_000));
  });
  await files.close();
});

test('half of it in memory: the rest is read from where that ended', async () => {
  const bytes = randomBytes(1_000);
  const read = async (buffer: Buffer, offset: number, length: number, position: number) => ({
    bytesRead: bytes.copy(buffer, offset, position, position + length),
  });
  const half = (_: number, buffer: Buffer, position: number) => bytes.copy(buffer, 0, position, position + 400);
  const buffer = Buffer.alloc(900);
  await fileBytes({ fd: 9, read }, half).fill(buffer, 50);
  expect(buffer).toEqual(bytes.subarray(50, 950));
});

// The directory blob store: the contract, and what is its own (names, modes, a full disk).
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestHex, digestOf, newHexId, silentLogger } from '@longshore/base';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { blobStoreContract, from, put } from './testing/blob-store-contract.ts';
import { openDirectoryBlobStore } from './directory.ts';

blobStoreContract('a directory', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'longshore-blobs-'));
  const open = () => openDirectoryBlobStore({ dir, log: silentLogger });
  return { store: await open(), reopen: open, dispose: () => rm(dir, { recursive: true }) };
});

describe('names and modes on disk', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'longshore-blobs-'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  test('a settled store holds the blob once, readable by its owner only, and no upload', async () => {
    const store = await openDirectoryBlobStore({ dir: join(dir, 'data', 'blobs'), log: silentLogger });
    const digest = await put(store, Buffer.from('content'));
    const hex = digestHex(digest);
    const folder = join(dir, 'data', 'blobs', 'blobs', 'sha256', hex.slice(0, 2));
    const file = await stat(join(folder, hex));
    expect(file.nlink).toBe(1);
    expect(file.mode & 0o777).toBe(0o600);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect(await readdir(join(dir, 'data', 'blobs', 'uploads'))).toEqual([]);
  });

  test('chunks that are given away are freed when they are written, others are not', async () => {
    const store = await openDirectoryBlobStore({ dir, log: silentLogger });
    const upload = newHexId();
    await store.create(upload);
    const chunks = [new Uint8Array(65_536), new Uint8Array(10)];
    await store.append(upload, from(chunks));
    expect(chunks.map((chunk) => chunk.length)).toEqual([65_536, 10]);
    await store.append(upload, from(chunks), { freeChunks: true });
    expect(chunks.map((chunk) => chunk.length)).toEqual([0, 0]);
    expect(await store.offset(upload)).toBe(2 * 65_546);
  });

  test('a cancelled request for a finished upload leaves its name to recovery', async () => {
    const store = await openDirectoryBlobStore({ dir, log: silentLogger });
    const upload = newHexId();
    await store.create(upload);
    await store.append(upload, from([Buffer.from('unrecorded')]));
    await store.finish(upload, digestOf('unrecorded'));
    await store.cancel(upload);
    expect(await readdir(join(dir, 'uploads'))).toHaveLength(1);
    const report = await store.recover({ isKnown: async () => false, isStored: async () => false });
    expect(report).toEqual({ kept: 0, removedUploads: 0, removedBlobs: 1 });
    expect(await readdir(join(dir, 'uploads'))).toEqual([]);
  });
});

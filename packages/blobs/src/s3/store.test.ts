// The S3 blob store against a real S3 server: the contract, and what is its own (parts, copies, owners, URLs).
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { digestOf, newHexId, silentLogger } from '@longshore/base';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blobStoreContract, from, put } from '../testing/blob-store-contract.ts';
import { DigestMismatchError, UploadBusyError } from '../errors.ts';
import { openS3BlobStore } from '../open-s3.ts';
import { findS3Server, missingS3Server, startS3Server, type ThrowAwayS3 } from '../testing/s3-server.ts';
import type { BlobStore } from '../types.ts';
import type { S3BlobStoreOptions } from './store.ts';

const MiB = 1024 * 1024;
const present = findS3Server() !== undefined;

describe.skipIf(!present)(`a bucket${present ? '' : ` (${missingS3Server})`}`, () => {
  let server: ThrowAwayS3;
  beforeAll(async () => {
    server = await startS3Server();
  });
  afterAll(() => server?.stop());

  const opener = (url: string, more: Partial<S3BlobStoreOptions> = {}) => {
    const { credentials } = server;
    return () => openS3BlobStore({ url, credentials, log: silentLogger, partBytes: 5 * MiB, ...more });
  };

  blobStoreContract('a bucket', async () => {
    const { url } = await server.bucket();
    const open = opener(url);
    const store = await open();
    return { store, reopen: open, dispose: () => store.close() };
  });

  /** Some MiB in pieces of an odd size, so that parts begin and end in the middle of pieces. */
  function* piecesOf(bytes: Buffer): Generator<Buffer> {
    for (let at = 0; at < bytes.length; at += 777_777) yield bytes.subarray(at, at + 777_777);
  }

  async function append(store: BlobStore, upload: string, bytes: Buffer): Promise<number> {
    return store.append(upload, from([...piecesOf(bytes)]));
  }

  async function names(folder: string): Promise<string[]> {
    const found = await readdir(folder, { recursive: true, withFileTypes: true });
    const prefix = `${folder}/registry/`;
    return found.flatMap((each) => {
      const path = `${each.parentPath}/${each.name}`;
      return each.isFile() && path.startsWith(prefix) ? [path.slice(prefix.length)] : [];
    });
  }

  test('a large upload goes in parts, in one append or many, and nothing but the blob is left', async () => {
    const { url, folder } = await server.bucket();
    const store = await opener(url)();
    const bytes = randomBytes(23 * MiB + 17);
    for (const cuts of [[], [100], [5 * MiB], [3 * MiB, 8 * MiB, 20 * MiB + 1]]) {
      const upload = newHexId();
      await store.create(upload);
      const edges = [0, ...cuts, bytes.length];
      for (const [index, edge] of edges.slice(1).entries()) {
        expect(await append(store, upload, bytes.subarray(edges[index], edge))).toBe(edge);
      }
      const digest = digestOf(bytes);
      expect(await store.finish(upload, digest)).toEqual({ size: bytes.length });
      expect(await store.finish(upload, digest)).toEqual({ size: bytes.length });
      await store.release(upload);
      expect((await buffer(await store.open(digest))).equals(bytes)).toBe(true);
      const hex = digest.slice(7);
      expect(await names(folder)).toEqual([`blobs/sha256/${hex.slice(0, 2)}/${hex}`]);
      await store.remove(digest);
    }
    await store.close();
  });

  test('after a restart an upload goes on, and its digest is verified by reading it', async () => {
    const { url } = await server.bucket();
    const first = await opener(url)();
    const bytes = randomBytes(14 * MiB);
    const upload = newHexId();
    await first.create(upload);
    await append(first, upload, bytes.subarray(0, 11 * MiB));
    const second = await opener(url)();
    await second.recover({ isKnown: async () => true, isStored: async () => false });
    expect(await second.offset(upload)).toBe(11 * MiB);
    await append(second, upload, bytes.subarray(11 * MiB));
    const wrong = second.finish(upload, digestOf('something else'));
    await expect(wrong).rejects.toThrow(DigestMismatchError);
    await expect(wrong).rejects.toMatchObject({ actual: digestOf(bytes) });
    // What was made an object for the reading becomes parts again.
    await second.append(upload, from([Buffer.from('more')]));
    const whole = Buffer.concat([bytes, Buffer.from('more')]);
    expect(await second.finish(upload, digestOf(whole))).toEqual({ size: whole.length });
    await second.release(upload);
    expect((await buffer(await second.open(digestOf(whole)))).equals(whole)).toBe(true);
  });

  test('a large blob is copied in parts', async () => {
    const { url } = await server.bucket();
    const store = await opener(url, { copyBounds: { wholeBytes: 6 * MiB, partBytes: 5 * MiB } })();
    const bytes = randomBytes(17 * MiB + 3);
    const digest = await put(store, bytes);
    expect((await buffer(await store.open(digest))).equals(bytes)).toBe(true);
  });

  test('many uploads at once keep within their memory and come out whole', async () => {
    const { url } = await server.bucket();
    const store = await opener(url, { memoryBytes: 8 * MiB })();
    const all = Array.from({ length: 8 }, () => randomBytes(7 * MiB + 1));
    const digests = await Promise.all(all.map((bytes) => put(store, bytes)));
    for (const [index, digest] of digests.entries()) {
      expect((await buffer(await store.open(digest))).equals(all[index] ?? Buffer.alloc(0))).toBe(true);
    }
  });

  test('an upload begun by one process is continued by another; at the same time one is told to wait', async () => {
    const { url } = await server.bucket();
    const [a, b] = [await opener(url, { owner: 'a' })(), await opener(url, { owner: 'b' })()];
    const upload = newHexId();
    await a.create(upload);
    await a.append(upload, from([Buffer.from('one ')]));
    await b.append(upload, from([Buffer.from('two ')]));
    const { promise: gate, resolve: openGate } = Promise.withResolvers<void>();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const slow = async function* () {
      yield Buffer.from('lost');
      begin();
      await gate;
    };
    const behind = a.append(upload, slow());
    await begun;
    const overtake = async () => {
      await b.append(upload, from([Buffer.from('three')]));
      openGate();
    };
    await Promise.all([expect(behind).rejects.toThrow(UploadBusyError), overtake()]);
    await a.finish(upload, digestOf('one two three'));
    await a.release(upload);
    expect((await buffer(await b.open(digestOf('one two three')))).toString()).toBe('one two three');
  });

  test('a process that starts leaves alone what another one is working on', async () => {
    const { url } = await server.bucket();
    const [a, b] = [await opener(url, { owner: 'a' })(), await opener(url, { owner: 'b' })()];
    const [under, done] = [newHexId(), newHexId()];
    for (const upload of [under, done]) await a.create(upload);
    await append(a, under, randomBytes(6 * MiB));
    await a.append(done, from([Buffer.from('unrecorded')]));
    await a.finish(done, digestOf('unrecorded'));
    const nobody = { isKnown: async () => false, isStored: async () => false };
    expect(await b.recover(nobody)).toEqual({ kept: 0, removedUploads: 0, removedBlobs: 0 });
    expect(await b.offset(under)).toBe(6 * MiB);
    expect(await b.size(digestOf('unrecorded'))).toBe(10);
    expect(await a.recover(nobody)).toEqual({ kept: 0, removedUploads: 1, removedBlobs: 1 });
    // Abandoned for good: after days anybody clears it.
    await a.create(under);
    const later = await opener(url, {
      owner: 'b',
      clock: { now: () => Date.now() + 8 * 86_400_000, sleep: async () => undefined },
    })();
    expect(await later.recover(nobody)).toEqual({ kept: 0, removedUploads: 1, removedBlobs: 0 });
  });

  test('a URL of a blob serves its bytes, and ranges of them, to anybody who has it, for a while', async () => {
    const { url } = await server.bucket('&redirect=true');
    const store = await opener(url)();
    const digest = await put(store, Buffer.from('redirected'));
    const there = (await store.urlOf(digest, 60)) ?? '';
    expect(await (await fetch(there)).text()).toBe('redirected');
    expect(await (await fetch(there, { headers: { range: 'bytes=2-4' } })).text()).toBe('dir');
    expect((await fetch(there.replace(/Signature=../, 'Signature=00'))).status).toBe(403);
    const { url: plain } = await server.bucket();
    expect(await (await opener(plain)()).urlOf(digest, 60)).toBeUndefined();
  });

  test('a bucket that is not there, and one that may not be used, are said so', async () => {
    const { url } = await server.bucket();
    await expect(opener(url.replace('s3://', 's3://no-'))()).rejects.toThrow(/The bucket no-test-\w+ cannot be used/);
    const credentials = { accessKeyId: 'longshore-test', secretAccessKey: 'wrong' };
    await expect(opener(url, { credentials })()).rejects.toThrow(/cannot be used/);
  });
});

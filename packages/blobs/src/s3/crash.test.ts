// What survives `kill -9` of a process that uploads to a bucket, at any moment: in the middle of a multipart upload too.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline/promises';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { ListMultipartUploadsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { digestHex, digestOf, silentLogger } from '@longshore/base';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openS3BlobStore } from '../open-s3.ts';
import { from } from '../testing/blob-store-contract.ts';
import { findS3Server, missingS3Server, startS3Server, type ThrowAwayS3 } from '../testing/s3-server.ts';
import { contentOf, partBytes, uploadOf } from './crash-child.ts';

const child = fileURLToPath(new URL('crash-child.ts', import.meta.url));
const present = findS3Server() !== undefined;

describe.skipIf(!present)(`a crash while uploading to a bucket${present ? '' : ` (${missingS3Server})`}`, () => {
  let server: ThrowAwayS3;
  beforeAll(async () => {
    server = await startS3Server();
  });
  afterAll(() => server?.stop());

  /** Runs the child until it said `lines` lines, kills it, and returns all that it said. */
  async function killAfter(mode: string, url: string, lines: number): Promise<string[]> {
    const { accessKeyId, secretAccessKey } = server.credentials;
    const env = { ...process.env, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
    const victim = spawn(process.execPath, [child, mode, url], { stdio: ['ignore', 'pipe', 'inherit'], env });
    const said: string[] = [];
    for await (const line of createInterface({ input: victim.stdout })) {
      said.push(line);
      if (said.length === lines) victim.kill('SIGKILL');
    }
    return said;
  }

  function numbersAfter(said: readonly string[], word: string): number[] {
    return said.filter((line) => line.startsWith(`${word} `)).map((line) => Number(line.slice(word.length + 1)));
  }

  const reopen = (url: string) =>
    openS3BlobStore({ url, credentials: server.credentials, log: silentLogger, partBytes });

  test.each([3, 6])(
    'killed in an append, after %d lines: every acknowledged byte is there and the upload goes on',
    async (lines) => {
      const { url } = await server.bucket();
      const acknowledged = numbersAfter(await killAfter('append', url, lines), 'offset').at(-1) ?? 0;
      expect(acknowledged).toBeGreaterThan(partBytes);
      const store = await reopen(url);
      await store.recover({ isKnown: async () => true, isStored: async () => false });
      const offset = (await store.offset(uploadOf(0))) ?? 0;
      expect(offset).toBeGreaterThanOrEqual(acknowledged);
      const count = Math.ceil(offset / contentOf(0).length) + 1;
      const whole = Buffer.concat(Array.from({ length: count }, (_, index) => contentOf(index)));
      await store.append(uploadOf(0), from([whole.subarray(offset)]));
      expect(await store.finish(uploadOf(0), digestOf(whole))).toEqual({ size: whole.length });
      await store.release(uploadOf(0));
      expect((await buffer(await store.open(digestOf(whole)))).equals(whole)).toBe(true);
    },
  );

  test.each([1, 2, 3, 4, 5, 7])('killed after %d steps, exactly the recorded blobs are there', async (lines) => {
    const { url, name } = await server.bucket();
    const recorded = numbersAfter(await killAfter('finish', url, lines), 'recorded').map((index) => contentOf(index));
    const digests = recorded.map((content) => digestOf(content));
    const store = await reopen(url);
    await store.recover({ isKnown: async () => false, isStored: async (digest) => digests.includes(digest) });
    for (const [index, digest] of digests.entries()) {
      expect((await buffer(await store.open(digest))).equals(recorded[index] ?? Buffer.alloc(0))).toBe(true);
    }
    const { endpoint, credentials } = server;
    const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
    const objects = (await client.send(new ListObjectsV2Command({ Bucket: name }))).Contents ?? [];
    const left = (await client.send(new ListMultipartUploadsCommand({ Bucket: name }))).Uploads ?? [];
    const hex = digests.map((digest) => digestHex(digest));
    expect(new Set(objects.map((each) => each.Key))).toEqual(
      new Set(hex.map((each) => `registry/blobs/sha256/${each.slice(0, 2)}/${each}`)),
    );
    expect(left).toEqual([]);
  });
});

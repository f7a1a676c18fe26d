// The parts of the S3 store that do no I/O, and the buffers.
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { copyRanges } from './copying.ts';
import { createPartBuffers } from './part-buffers.ts';
import { presignedUrl } from './presign.ts';
import { decodeRecord, encodeRecord } from './upload-record.ts';

test('the ranges of a copy follow each other, cover everything, and none is below the size asked for', () => {
  const partBytes = 5_000;
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000 }), (size) => {
      const ranges = copyRanges(size, partBytes);
      let next = 0;
      for (const { first, last } of ranges) {
        expect(first).toBe(next);
        next = last + 1;
        expect(last - first + 1).toBeGreaterThanOrEqual(Math.min(size, partBytes));
        expect(last - first + 1).toBeLessThan(2 * partBytes);
      }
      expect(next).toBe(size);
    }),
  );
});

test('the largest layer fits the parts that S3 takes, sent and copied', () => {
  const [MiB, most] = [1024 * 1024, 10_000];
  expect(Math.ceil((52_000 * MiB) / (8 * MiB))).toBeLessThan(most);
  expect(copyRanges(52_000 * MiB, 256 * MiB).length).toBeLessThan(most);
});

test('a record reads back as it was written, whatever its tail', () => {
  const part = fc.record({ size: fc.nat(), etag: fc.string(), crc32: fc.string() });
  fc.assert(
    fc.property(
      fc.array(part),
      fc.uint8Array(),
      fc.option(fc.string(), { nil: undefined }),
      (parts, tail, multipart) => {
        const record = { owner: 'o', multipart, parts, tail: Buffer.from(tail), sealed: undefined };
        expect(decodeRecord(encodeRecord(record))).toEqual(record);
      },
    ),
  );
  expect(() => decodeRecord(Buffer.from('{"version":2,"owner":"o","parts":[]}\n'))).toThrow(/later version/);
});

test('a presigned URL is the one of the documentation', () => {
  // Amazon S3 API reference, "Authenticating Requests: Using Query Parameters", example.
  const location = {
    bucket: 'examplebucket',
    prefix: '',
    region: 'us-east-1',
    endpoint: 'https://s3.amazonaws.com',
    publicEndpoint: undefined,
    pathStyle: false,
    redirect: true,
  };
  const by = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };
  expect(presignedUrl(location, 'test.txt', by, Date.UTC(2013, 4, 24), 86_400)).toMatch(
    /^https:\/\/examplebucket\.s3\.amazonaws\.com\/test\.txt\?.*Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404$/,
  );
});

test('part buffers beyond the budget go to files, and all memory comes back', async () => {
  const buffers = createPartBuffers({ partBytes: 200_000, memoryBytes: 400_000, loads: 2 });
  const contents = Array.from({ length: 8 }, () => randomBytes(190_000));
  const all = contents.map(() => buffers.create());
  for (let at = 0; at < 190_000; at += 10_000) {
    for (const [index, each] of all.entries())
      await each.add(contents[index]?.subarray(at, at + 10_000) ?? Buffer.alloc(0));
  }
  expect(buffers.lent()).toBeLessThanOrEqual(400_000);
  const read = await Promise.all(all.map((each) => each.with(async (bytes) => Buffer.from(bytes))));
  for (const [index, bytes] of read.entries()) expect(bytes.equals(contents[index] ?? Buffer.alloc(0))).toBe(true);
  for (const each of all) await each.discard();
  expect(buffers.lent()).toBe(0);
});

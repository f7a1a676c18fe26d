// The registry over a bucket: what a crash leaves goes to collection, and a store that is away is said so.
import { randomBytes } from 'node:crypto';
import { type Clock, digestOf, silentLogger, systemClock } from '@longshore/base';
import { type BlobStore, openS3BlobStore } from '@longshore/blobs';
import { findS3Server, missingS3Server, startS3Server, type ThrowAwayS3 } from '@longshore/blobs/testing';
import type { Store } from '@longshore/store';
import { testStores } from '@longshore/store/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorCode, openTestRegistry, pushBlob } from './testing/fixture.ts';

const absent = findS3Server() === undefined;

describe.skipIf(absent)(`a registry over a bucket${absent ? ` (${missingS3Server})` : ''}`, () => {
  let server: ThrowAwayS3;
  beforeAll(async () => {
    server = await startS3Server();
  });
  afterAll(() => server?.stop());

  test.each(testStores())(
    'what a crash left unrecorded is collected, what was recorded stays ($name)',
    async (backEnd) => {
      const { url } = await server.bucket();
      const { credentials } = server;
      const blobs = await openS3BlobStore({ url, credentials, log: silentLogger });
      const clock: Clock & { ahead: number } = { ...systemClock, ahead: 0, now: () => Date.now() + clock.ahead };
      let broken = false;
      const wrapStore = (store: Store): Store => ({
        ...store,
        write(steps) {
          const records = steps.some(
            (step) => step.sql.text.includes('INTO registry_blobs') && !step.sql.text.includes("'condemned'"),
          );
          return broken && records ? Promise.reject(new Error('The power went out')) : store.write(steps);
        },
      });
      const collection = { graceMs: 60_000, everyMs: 3_600_000 };
      const at = await openTestRegistry({ backEnd, clock, collection, wrapStore, wrapBlobs: () => blobs });
      await pushBlob(at, 's3/app', 'kept');
      broken = true;
      const path = `/v2/s3/app/blobs/uploads/?digest=${digestOf('lost')}`;
      expect((await at.ask(path, { method: 'POST', body: 'lost' })).status).toBe(500);
      broken = false;
      expect(await blobs.size(digestOf('lost'))).toBe(4);
      await at.registry.recover();
      // Another server may be recording these bytes right now: collection takes them, unless it did.
      expect(await blobs.size(digestOf('lost'))).toBe(4);
      clock.ahead = 1_000;
      expect(await at.registry.collect(10_000)).toMatchObject({ removed: 1, removedBytes: 4 });
      expect(await blobs.size(digestOf('lost'))).toBeUndefined();
      expect(await (await at.ask(`/v2/s3/app/blobs/${digestOf('kept')}`)).text()).toBe('kept');
      await pushBlob(at, 's3/app', 'lost');
      expect(await (await at.ask(`/v2/s3/app/blobs/${digestOf('lost')}`)).text()).toBe('lost');
      await at.close();
    },
  );

  test('a layer that the caller can read already is verified and linked, and not sent to the bucket again', async () => {
    const { url } = await server.bucket();
    const { credentials } = server;
    const blobs = await openS3BlobStore({ url, credentials, log: silentLogger });
    let appends = 0;
    const wrapBlobs = () => ({
      ...blobs,
      append: (...given: Parameters<BlobStore['append']>) => {
        appends += 1;
        return blobs.append(...given);
      },
    });
    const at = await openTestRegistry({ wrapBlobs });
    const bytes = randomBytes(400_000);
    const digest = await pushBlob(at, 's3/first', bytes);
    await pushBlob(at, 's3/second', bytes);
    expect(appends).toBe(1);
    const got = await (await at.ask(`/v2/s3/second/blobs/${digest}`)).arrayBuffer();
    expect(digestOf(new Uint8Array(got))).toBe(digest);
    await at.close();
  });

  test('while the bucket is away, pulls and pushes are told to come again', async () => {
    const own = await startS3Server();
    const { url } = await own.bucket();
    const { credentials } = own;
    const blobs = await openS3BlobStore({
      url,
      credentials,
      log: silentLogger,
      limits: { attempts: 2, connectMs: 500 },
    });
    const at = await openTestRegistry({ wrapBlobs: () => blobs });
    const digest = await pushBlob(at, 's3/away', 'here');
    await own.stop();
    const pull = await at.ask(`/v2/s3/away/blobs/${digest}`);
    expect(pull.status).toBe(503);
    expect(pull.headers.get('retry-after')).toBe('5');
    expect(await errorCode(pull)).toBe('UNAVAILABLE');
    expect((await at.ask('/v2/s3/away/blobs/uploads/', { method: 'POST' })).status).toBe(503);
    await at.close();
  });
});

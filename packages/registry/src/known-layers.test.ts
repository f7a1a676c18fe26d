// Whole layers that arrive although the caller can read them already: verified and linked, and nothing is written; everything else
// is received as it always was.
import { randomBytes } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { type Clock, type Digest, digestHex, digestOf, systemClock } from '@longshore/base';
import type { BlobStore } from '@longshore/blobs';
import { type Store, sql } from '@longshore/store';
import { testStores } from '@longshore/store/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHolds, renewHolds } from './holds.ts';
import { registryMigrations } from './schema.ts';
import { errorCode, openTestRegistry, pushBlob, type TestAccount, type TestRegistry } from './testing/fixture.ts';

const grace = 60_000;
const size = 700_000;

/** What the registry asks of its store and of its blob store. */
interface Trace {
  calls: string[];
}

function tracedStore({ calls }: Trace, store: Store): Store {
  const reading = (kind: 'get' | 'all', text: string) => calls.push(`${kind} ${text}`);
  return {
    ...store,
    all: (query) => (reading('all', query.text), store.all(query)),
    get: (query) => (reading('get', query.text), store.get(query)),
    write(steps) {
      calls.push(`write ${steps.map((step) => step.sql.text).join('; ')}`);
      return store.write(steps);
    },
  };
}

function tracedBlobs({ calls }: Trace, blobs: BlobStore): BlobStore {
  return {
    ...blobs,
    size: (digest) => (calls.push('size'), blobs.size(digest)),
    create: (upload) => (calls.push('create'), blobs.create(upload)),
    append: (upload, source, options) => (calls.push('append'), blobs.append(upload, source, options)),
    finish: (upload, digest) => (calls.push('finish'), blobs.finish(upload, digest)),
    cancel: (upload) => (calls.push('cancel'), blobs.cancel(upload)),
  };
}

describe.each(testStores())('a layer that the caller can read already, on $name', (backEnd) => {
  let at: TestRegistry;
  let clock: Clock & { ahead: number };
  let trace: Trace;
  /** How often somebody began to wait. */
  let waiting: number;
  let bytes: Buffer<ArrayBuffer>;
  let digest: Digest;

  beforeEach(async () => {
    waiting = 0;
    clock = {
      ...systemClock,
      ahead: 0,
      now: () => Date.now() + clock.ahead,
      // Time stands still for who waits for another's layer (nobody else waits so long); only the other's end lets them go on.
      sleep(ms, signal) {
        if (ms < 1_000) return systemClock.sleep(ms, signal);
        waiting += 1;
        return new Promise((resolve) => signal?.addEventListener('abort', () => resolve()));
      },
    };
    trace = { calls: [] };
    at = await openTestRegistry({
      backEnd,
      clock,
      collection: { graceMs: grace, everyMs: 3_600_000 },
      wrapStore: (store) => tracedStore(trace, store),
      wrapBlobs: (blobs) => tracedBlobs(trace, blobs),
    });
    bytes = randomBytes(size);
    digest = digestOf(bytes);
    await pushBlob(at, 'known/first', bytes);
    trace.calls.length = 0;
  });
  afterEach(() => at.close());

  async function begin(name: string, as = at.account): Promise<string> {
    const begun = await at.ask(`/v2/${name}/blobs/uploads/`, { method: 'POST', as });
    return begun.headers.get('location') ?? '';
  }
  const finish = (location: string, body: Uint8Array<ArrayBuffer>, as?: TestAccount) =>
    at.ask(`${location}?digest=${digest}`, { method: 'PUT', body, ...(as && { as }) });
  async function put(name: string, body: Uint8Array<ArrayBuffer>, as?: TestAccount): Promise<Response> {
    return finish(await begin(name, as), body, as);
  }
  const post = (name: string, body: Uint8Array<ArrayBuffer>) =>
    at.ask(`/v2/${name}/blobs/uploads/?digest=${digest}`, { method: 'POST', body });
  const read = async (name: string) =>
    digestOf(new Uint8Array(await (await at.ask(`/v2/${name}/blobs/${digest}`)).arrayBuffer()));
  const blobFile = () => join(at.folder, 'blobs', 'sha256', digest.slice(7, 9), digestHex(digest));
  const uploadFiles = () => readdir(join(at.folder, 'uploads'));
  const appends = () => trace.calls.filter((call) => call === 'append').length;

  /** A PUT that stops in the middle of its body. */
  async function halfSent(location: string): Promise<{ sent: ClientRequest; answer: Promise<IncomingMessage> }> {
    const sent = request(new URL(`${location}?digest=${digest}`, at.url), {
      method: 'PUT',
      headers: { authorization: at.account.basic, 'content-length': size },
    });
    const answer = new Promise<IncomingMessage>((resolve, reject) => {
      sent.on('response', (response) => resolve(response.resume()));
      sent.on('error', reject);
    });
    answer.catch(() => undefined);
    const before = at.meter.value('longshore_registry_blob_received_bytes_total');
    sent.write(bytes.subarray(0, size / 2));
    await expect.poll(() => at.meter.value('longshore_registry_blob_received_bytes_total')).toBe(before + size / 2);
    return { sent, answer };
  }

  test('is verified and linked, and nothing is written: by PUT after POST, and by POST alone', async () => {
    const before = await stat(blobFile());
    expect((await put('known/second', bytes)).status).toBe(201);
    expect((await post('known/third', bytes)).status).toBe(201);
    expect(appends()).toBe(0);
    const { ino, nlink, ctimeMs } = await stat(blobFile());
    expect([ino, nlink, ctimeMs]).toEqual([before.ino, before.nlink, before.ctimeMs]);
    expect(await uploadFiles()).toEqual([]);
    expect(await at.store.get(sql`SELECT id FROM registry_uploads`)).toBeUndefined();
    for (const name of ['known/second', 'known/third']) expect(await read(name)).toBe(digest);
  });

  test('with a wrong digest is refused, and nothing of it remains', async () => {
    for (const send of [put, post]) {
      const refused = await send('known/second', randomBytes(size));
      expect([refused.status, await errorCode(refused)]).toEqual([400, 'DIGEST_INVALID']);
    }
    expect(appends()).toBe(0);
    expect((await at.ask(`/v2/known/second/blobs/${digest}`)).status).toBe(404);
    expect(await uploadFiles()).toEqual([]);
    expect(await at.store.get(sql`SELECT id FROM registry_uploads`)).toBeUndefined();
    expect(await read('known/first')).toBe(digest);
  });

  test('with another length is refused before its bytes have come', async () => {
    const location = await begin('known/second');
    const sent = request(new URL(`${location}?digest=${digest}`, at.url), {
      method: 'PUT',
      headers: { authorization: at.account.basic, 'content-length': size + 1 },
    });
    sent.flushHeaders();
    const status = await new Promise((resolve) => sent.on('response', (response) => resolve(response.statusCode)));
    sent.on('error', () => undefined).destroy();
    expect(status).toBe(400);
    expect((await at.ask(location)).status).toBe(404);
    expect(await uploadFiles()).toEqual([]);
  });

  test('whose sender goes away midway leaves an upload that can be gone on with from its beginning', async () => {
    const location = await begin('known/second');
    const { sent } = await halfSent(location);
    sent.destroy();
    const state = await at.ask(location);
    expect([state.status, state.headers.get('range')]).toEqual([204, '0-0']);
    await at.ask(location, { method: 'PATCH', body: bytes.subarray(0, 300_000) });
    expect((await finish(location, bytes.subarray(300_000))).status).toBe(201);
    expect(await read('known/second')).toBe(digest);
  });

  test('is not collected while its bytes come, though its last link and its lease go', async () => {
    clock.ahead = 3 * grace;
    const { sent, answer } = await halfSent(await begin('known/second'));
    await at.ask(`/v2/known/first/blobs/${digest}`, { method: 'DELETE' });
    clock.ahead += 1.9 * grace;
    expect(await at.registry.collect(10_000)).toMatchObject({ removed: 0 });
    sent.end(bytes.subarray(size / 2));
    expect((await answer).statusCode).toBe(201);
    clock.ahead += grace;
    await at.registry.collect(10_000);
    expect(await read('known/second')).toBe(digest);
  });

  describe('or will be able to read in a moment', () => {
    const fresh = () => {
      bytes = randomBytes(size);
      digest = digestOf(bytes);
    };

    test('is written once when it comes twice at the same time', async () => {
      fresh();
      const first = await halfSent(await begin('known/second'));
      const location = await begin('known/third');
      const second = finish(location, bytes);
      await expect.poll(() => waiting).toBe(1);
      first.sent.end(bytes.subarray(size / 2));
      expect([(await first.answer).statusCode, (await second).status]).toEqual([201, 201]);
      expect(appends()).toBe(1);
      for (const name of ['known/second', 'known/third']) expect(await read(name)).toBe(digest);
    });

    test('is written all the same when the first sender goes away', async () => {
      fresh();
      const first = await halfSent(await begin('known/second'));
      const second = post('known/third', bytes);
      await expect.poll(() => waiting).toBe(1);
      first.sent.destroy();
      expect((await second).status).toBe(201);
      expect(await read('known/third')).toBe(digest);
    });

    test('is not waited for by who may not read it there, nor for long', async () => {
      fresh();
      const pusher = [
        'ecr:InitiateLayerUpload',
        'ecr:UploadLayerPart',
        'ecr:CompleteLayerUpload',
        'ecr:CreateRepository',
      ];
      const user = await at.addUser(`pusher-${backEnd.name}`, pusher);
      const first = await halfSent(await begin('known/second'));
      expect((await put('known/third', bytes, user)).status).toBe(201);
      expect((await put('known/third', bytes, await at.addAccount(`c-${backEnd.name}`))).status).toBe(201);
      expect(waiting).toBe(0);
      // Nothing is to be found by looking, so that who comes now can only wait.
      await at.store.write([{ sql: sql`DELETE FROM registry_repository_blobs WHERE digest = ${digest}` }]);
      clock.ahead += 2_000;
      expect((await put('known/fourth', bytes)).status).toBe(201);
      expect(waiting).toBe(0);
      first.sent.end(bytes.subarray(size / 2));
      expect((await first.answer).statusCode).toBe(201);
    });
  });

  test('of another account is received like one that nobody has', async () => {
    const traced = async (as: TestAccount, body: Buffer<ArrayBuffer>) => {
      await begin('known/mine', as);
      digest = digestOf(body);
      const location = await begin('known/mine', as);
      trace.calls.length = 0;
      expect((await finish(location, body, as)).status).toBe(201);
      return [...trace.calls];
    };
    const theirs = await traced(await at.addAccount(`a-${backEnd.name}`), bytes);
    const absent = await traced(await at.addAccount(`b-${backEnd.name}`), randomBytes(size));
    expect(theirs).toEqual(absent);
    expect(theirs).toContain('append');
  });
});

test.each(testStores())('what is held keeps its lease for as long as it is held ($name)', async (backEnd) => {
  const { store, close } = await backEnd.open(registryMigrations);
  const clock = { ...systemClock, time: 1_000, now: () => clock.time };
  const core = { store, clock, graceMs: grace, holds: createHolds() };
  const [held, other] = [digestOf('held'), digestOf('other')];
  for (const each of [held, other]) {
    await store.write([
      {
        sql: sql`INSERT INTO registry_blobs (digest, size, status, version, lease_until, created_at, check_at)
          VALUES (${each}, ${1}, 'none', ${1}, ${1_000 + grace}, ${1}, NULL)`,
      },
    ]);
  }
  const leases = () =>
    store.all<{ lease_until: number }>(sql`SELECT lease_until FROM registry_blobs ORDER BY digest = ${other}`);
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  const works = [core.holds.during(held, () => first.promise), core.holds.during(held, () => second.promise)];
  clock.time += grace / 4;
  await renewHolds(core);
  expect(await leases()).toEqual([{ lease_until: clock.time + 2 * grace }, { lease_until: 1_000 + grace }]);
  first.resolve();
  await works[0];
  expect(core.holds.held()).toEqual([held]);
  second.resolve();
  await works[1];
  expect(core.holds.held()).toEqual([]);
  await close();
});

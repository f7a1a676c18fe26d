// Failures between the blob store and the store: what was acknowledged stays, what was not leaves nothing behind.
import { digestOf, type Clock, systemClock } from '@longshore/base';
import { sql, type Store } from '@longshore/store';
import { testStores } from '@longshore/store/testing';
import { afterEach, describe, expect, test } from 'vitest';
import { openTestRegistry, pushBlob, pushImage, type TestRegistry } from './testing/fixture.ts';

interface Breakable {
  readonly wrap: (store: Store) => Store;
  broken: boolean;
}

/** A store whose writes that record a blob fail, as if the process had died before them. */
function breakable(): Breakable {
  const state: Breakable = {
    broken: false,
    wrap: (store) => ({
      ...store,
      kind: store.kind,
      all: (query) => store.all(query),
      get: (query) => store.get(query),
      update: (plan) => store.update(plan),
      migrate: (migrations) => store.migrate(migrations),
      close: () => store.close(),
      write(steps) {
        const records = steps.some((step) => step.sql.text.includes('INTO registry_blobs'));
        if (state.broken && records) return Promise.reject(new Error('The power went out'));
        return store.write(steps);
      },
    }),
  };
  return state;
}

describe.each(testStores())('on $name', (backEnd) => {
  let at: TestRegistry | undefined;
  afterEach(async () => {
    await at?.close();
    at = undefined;
  });

  test('a crash after the bytes and before the record: recovery removes them, and the push can begin again', async () => {
    const power = breakable();
    at = await openTestRegistry({ backEnd, wrapStore: power.wrap });
    await pushBlob(at, 'crash/app', 'other');
    const begun = await at.ask('/v2/crash/app/blobs/uploads/', { method: 'POST' });
    const location = begun.headers.get('location') ?? '';
    const digest = digestOf('precious');
    power.broken = true;
    const failed = await at.ask(`${location}?digest=${digest}`, { method: 'PUT', body: 'precious' });
    expect(failed.status).toBe(500);
    expect(await failed.text()).not.toContain('power');
    expect((await at.ask(`/v2/crash/app/blobs/${digest}`)).status).toBe(404);
    expect(await at.blobs.size(digest)).toBe(8);
    power.broken = false;
    await at.registry.recover();
    expect(await at.blobs.size(digest)).toBeUndefined();
    expect(await at.blobs.size(digestOf('other'))).toBe(5);
    await pushBlob(at, 'crash/app', 'precious');
    expect(await (await at.ask(`/v2/crash/app/blobs/${digest}`)).text()).toBe('precious');
  });

  test('a client that repeats the PUT after a failure succeeds without sending the bytes again', async () => {
    const power = breakable();
    at = await openTestRegistry({ backEnd, wrapStore: power.wrap });
    const begun = await at.ask('/v2/crash/retry/blobs/uploads/', { method: 'POST' });
    const location = begun.headers.get('location') ?? '';
    const digest = digestOf('again');
    power.broken = true;
    expect((await at.ask(`${location}?digest=${digest}`, { method: 'PUT', body: 'again' })).status).toBe(500);
    power.broken = false;
    expect((await at.ask(`${location}?digest=${digest}`, { method: 'PUT' })).status).toBe(201);
    expect(await (await at.ask(`/v2/crash/retry/blobs/${digest}`)).text()).toBe('again');
  });

  test('an upload begun before a restart goes on after it', async () => {
    at = await openTestRegistry({ backEnd });
    const begun = await at.ask('/v2/crash/resume/blobs/uploads/', { method: 'POST' });
    const location = begun.headers.get('location') ?? '';
    await at.ask(location, { method: 'PATCH', body: 'first ' });
    await at.registry.recover();
    expect((await at.ask(location)).headers.get('range')).toBe('0-5');
    await at.ask(location, { method: 'PATCH', body: 'second', headers: { 'content-range': '6-11' } });
    const digest = digestOf('first second');
    expect((await at.ask(`${location}?digest=${digest}`, { method: 'PUT' })).status).toBe(201);
  });

  test('a blob that collection is removing is stored again by a push, after the removal', async () => {
    let removed: (() => Promise<void>) | undefined;
    const clock: Clock = {
      ...systemClock,
      async sleep(ms, signal) {
        const remove = removed;
        removed = undefined;
        await remove?.();
        return systemClock.sleep(remove ? 0 : ms, signal);
      },
    };
    at = await openTestRegistry({ backEnd, clock });
    const { store, blobs } = at;
    const digest = digestOf('condemned');
    await pushBlob(at, 'crash/collect', 'condemned');
    await at.ask(`/v2/crash/collect/blobs/${digest}`, { method: 'DELETE' });
    await store.write([
      { sql: sql`UPDATE registry_blobs SET status = 'deleting' WHERE digest = ${digest}`, expect: 1 },
    ]);
    removed = async () => {
      await blobs.remove(digest);
      await store.write([{ sql: sql`DELETE FROM registry_blobs WHERE digest = ${digest}`, expect: 1 }]);
    };
    await pushBlob(at, 'crash/collect', 'condemned');
    expect(await (await at.ask(`/v2/crash/collect/blobs/${digest}`)).text()).toBe('condemned');
  });

  test('a condemned blob is rescued by a mount', async () => {
    at = await openTestRegistry({ backEnd });
    const digest = await pushBlob(at, 'crash/rescue', 'rescued');
    await at.store.write([{ sql: sql`UPDATE registry_blobs SET status = 'condemned', lease_until = 0`, expect: 1 }]);
    const mounted = await at.ask(`/v2/crash/rescue-to/blobs/uploads/?mount=${digest}&from=crash/rescue`, {
      method: 'POST',
    });
    expect(mounted.status).toBe(201);
    const row = await at.store.get<{ status: string; lease_until: number }>(
      sql`SELECT status, lease_until FROM registry_blobs WHERE digest = ${digest}`,
    );
    expect(row?.status).toBe('none');
    expect(row?.lease_until).toBeGreaterThan(Date.now());
  });

  test('telling a client that a blob is there renews its lease', async () => {
    at = await openTestRegistry({ backEnd });
    const digest = await pushBlob(at, 'crash/lease', 'leased');
    await at.store.write([{ sql: sql`UPDATE registry_repository_blobs SET lease_until = 0`, expect: 1 }]);
    expect((await at.ask(`/v2/crash/lease/blobs/${digest}`, { method: 'HEAD' })).status).toBe(200);
    const row = await at.store.get<{ lease_until: number }>(sql`SELECT lease_until FROM registry_repository_blobs`);
    expect(row?.lease_until).toBeGreaterThan(Date.now());
  });

  test('an idle upload expires, and its bytes with it', async () => {
    let ahead = 0;
    const clock: Clock = { ...systemClock, now: () => Date.now() + ahead };
    at = await openTestRegistry({ backEnd, clock, uploadTtlMs: 10_000 });
    const begun = await at.ask('/v2/crash/idle/blobs/uploads/', { method: 'POST' });
    const location = begun.headers.get('location') ?? '';
    await at.ask(location, { method: 'PATCH', body: 'bytes' });
    const id = location.split('/').at(-1) ?? '';
    ahead = 11_000;
    expect((await at.ask(location)).status).toBe(404);
    const [expiry] = at.registry.services;
    const running = expiry?.run();
    await expect.poll(() => at?.blobs.offset(id)).toBeUndefined();
    await expiry?.stop();
    await running;
    expect(await at.store.get(sql`SELECT id FROM registry_uploads`)).toBeUndefined();
  });

  test('the last pull of an image is remembered', async () => {
    at = await openTestRegistry({ backEnd });
    const image = await pushImage(at, 'crash/pull', 'v1', ['l']);
    await at.ask('/v2/crash/pull/manifests/v1');
    const pulls = at.registry.services[1];
    await pulls?.stop();
    const row = await at.store.get<{ pulled_at: number }>(
      sql`SELECT pulled_at FROM registry_manifests WHERE digest = ${image.digest}`,
    );
    expect(row?.pulled_at).toBeGreaterThan(Date.now() - 60_000);
  });
});

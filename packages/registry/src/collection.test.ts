// What collection takes and what it leaves, seen from outside: through the registry's own protocol, on real stores.
import { DeleteRepositoryCommand } from '@aws-sdk/client-ecr';
import { type Clock, type Digest, digestOf, parseDigest, systemClock } from '@longshore/base';
import type { BlobStore } from '@longshore/blobs';
import { acquireLease, sql, type Store } from '@longshore/store';
import { testStores } from '@longshore/store/testing';
import { afterEach, describe, expect, test } from 'vitest';
import { ecrOf } from './testing/clients.ts';
import {
  imageManifest,
  openTestRegistry,
  pushBlob,
  pushImage,
  putManifest,
  type TestRegistry,
} from './testing/fixture.ts';
import { mediaTypes } from './manifest.ts';

const graceMs = 60_000;
const collection = { graceMs, everyMs: 3_600_000 };

function movableClock(): Clock & { ahead: number } {
  const clock = { ...systemClock, ahead: 0, now: () => Date.now() + clock.ahead };
  return clock;
}

function digest(text: string): Digest {
  const parsed = parseDigest(text);
  if (!parsed) throw new Error(`Not a digest: ${text}`);
  return parsed;
}

describe.each(testStores())('collection on $name', (backEnd) => {
  let at: TestRegistry | undefined;
  afterEach(async () => {
    await at?.close();
    at = undefined;
  });

  async function open(more: { wrapBlobs?: (blobs: BlobStore) => BlobStore; wrapStore?: (store: Store) => Store } = {}) {
    const clock = movableClock();
    at = await openTestRegistry({ backEnd, clock, collection, ...more });
    return { at, clock };
  }

  test('takes a layer whose manifest never came, once its lease has run out, and not before', async () => {
    const { at, clock } = await open();
    const orphan = digest(await pushBlob(at, 'col/app', 'orphan'));
    clock.ahead = graceMs;
    expect(await at.registry.collect(10_000)).toMatchObject({ unlinked: 0, removed: 0 });
    expect(await at.blobs.size(orphan)).toBe(6);
    clock.ahead = 2 * graceMs + 5_000;
    expect(await at.registry.collect(10_000)).toEqual({
      unlinked: 1,
      removed: 1,
      removedBytes: 6,
      failed: 0,
      more: false,
      elsewhere: false,
    });
    expect(await at.blobs.size(orphan)).toBeUndefined();
    expect((await at.ask(`/v2/col/app/blobs/${orphan}`)).status).toBe(404);
    // And it can come back.
    await pushBlob(at, 'col/app', 'orphan');
    expect(await (await at.ask(`/v2/col/app/blobs/${orphan}`)).text()).toBe('orphan');
  });

  test('leaves a layer alone whose presence a client was told of within the grace', async () => {
    const { at, clock } = await open();
    const orphan = await pushBlob(at, 'col/told', 'told');
    clock.ahead = 1.5 * graceMs;
    expect((await at.ask(`/v2/col/told/blobs/${orphan}`, { method: 'HEAD' })).status).toBe(200);
    clock.ahead = 2.4 * graceMs;
    expect(await at.registry.collect(10_000)).toMatchObject({ unlinked: 0, removed: 0 });
    clock.ahead = 3.6 * graceMs;
    expect(await at.registry.collect(10_000)).toMatchObject({ unlinked: 1, removed: 1 });
  });

  test('takes what only a deleted image had, and keeps what another image or repository has', async () => {
    const { at, clock } = await open();
    const first = await pushImage(at, 'col/a', 'v1', ['shared', 'only-first']);
    await pushImage(at, 'col/a', 'v2', ['shared', 'second']);
    await pushImage(at, 'col/b', 'v1', ['shared']);
    clock.ahead = 3 * graceMs;
    expect(await at.registry.collect(10_000)).toMatchObject({ unlinked: 0, removed: 0 });
    await at.ask(`/v2/col/a/manifests/${first.digest}`, { method: 'DELETE' });
    // The config of the first, and its own layer.
    expect(await at.registry.collect(10_000)).toMatchObject({ unlinked: 2, removed: 2 });
    expect(await at.blobs.size(digestOf('only-first'))).toBeUndefined();
    for (const kept of ['shared', 'second']) expect(await at.blobs.size(digestOf(kept))).toBe(kept.length);
    expect((await at.ask(`/v2/col/a/blobs/${digestOf('shared')}`)).status).toBe(200);
  });

  test('leaves untagged images alone: only lifecycle policies delete images', async () => {
    const { at, clock } = await open();
    const image = await pushImage(at, 'col/untagged', 'v1', ['layer']);
    await at.ask('/v2/col/untagged/manifests/v1', { method: 'DELETE' });
    clock.ahead = 10 * graceMs;
    expect(await at.registry.collect(10_000)).toMatchObject({ unlinked: 0, removed: 0 });
    expect((await at.ask(`/v2/col/untagged/manifests/${image.digest}`)).status).toBe(200);
  });

  test('takes the layers of a deleted repository', async () => {
    const { at, clock } = await open();
    await pushImage(at, 'col/gone', 'v1', ['one', 'two']);
    const ecr = ecrOf(at);
    await ecr.send(new DeleteRepositoryCommand({ repositoryName: 'col/gone', force: true }));
    ecr.destroy();
    clock.ahead = 2 * graceMs + 5_000;
    expect(await at.registry.collect(10_000)).toMatchObject({ removed: 3 });
    expect(await at.store.all(sql`SELECT digest FROM registry_blobs`)).toEqual([]);
  });

  test('says beforehand what it would do and why, and then does that', async () => {
    const { at, clock } = await open();
    const kept = await pushImage(at, 'col/dry', 'v1', ['kept']);
    const orphan = await pushBlob(at, 'col/dry', 'orphan');
    const deleted = await pushBlob(at, 'col/dry', 'deleted');
    await at.ask(`/v2/col/dry/blobs/${deleted}`, { method: 'DELETE' });
    clock.ahead = 2 * graceMs + 5_000;
    const preview = await at.registry.previewCollection(100);
    const ours = { account: at.account.id, repository: 'col/dry' };
    expect(preview.actions).toEqual([
      { action: 'unlink', digest: orphan, size: 6, why: expect.stringContaining('no image') as string, ...ours },
      { action: 'remove', digest: deleted, size: 7, why: expect.stringContaining('no repository links it') as string },
      { action: 'remove', digest: orphan, size: 6, why: 'the links that go are its last ones' },
    ]);
    expect(preview).toMatchObject({ removedBytes: 13, more: false });
    expect(await at.registry.previewCollection(2)).toMatchObject({ more: true });
    expect(await at.registry.collect(10_000)).toMatchObject({ unlinked: 1, removed: 2, removedBytes: 13 });
    expect((await at.registry.previewCollection(100)).actions).toEqual([]);
    expect((await at.ask(`/v2/col/dry/manifests/${kept.digest}`)).status).toBe(200);
  });

  test('a blob whose bytes are missing, and one that cannot be removed, stop nothing else', async () => {
    const stuck = digestOf('stuck');
    let broken = true;
    const { at, clock } = await open({
      wrapBlobs: (blobs) => ({
        ...blobs,
        remove: (each) =>
          broken && each === stuck ? Promise.reject(new Error('Input/output error')) : blobs.remove(each),
      }),
    });
    for (const each of ['stuck', 'missing', 'plain']) await pushBlob(at, 'col/broken', each);
    await at.blobs.remove(digestOf('missing'));
    clock.ahead = 2 * graceMs + 5_000;
    expect(await at.registry.collect(10_000)).toMatchObject({ unlinked: 3, removed: 2, failed: 1 });
    expect(await at.blobs.size(digestOf('plain'))).toBeUndefined();
    broken = false;
    clock.ahead += 2 * graceMs;
    expect(await at.registry.collect(10_000)).toMatchObject({ removed: 1, failed: 0 });
    expect(await at.blobs.size(stuck)).toBeUndefined();
  });

  test('stops in the middle of a round when its time is over, and goes on with the next call', async () => {
    let removed = 0;
    const { at, clock } = await open({
      wrapBlobs: (blobs) => ({
        ...blobs,
        // As long as a hundred calls may take.
        remove: async (each) => {
          removed += 1;
          if (removed === 1) clock.ahead += 10_000;
          await blobs.remove(each);
        },
      }),
    });
    const names = Array.from({ length: 60 }, (_, i) => `layer ${i}`);
    for (const each of names) await pushBlob(at, 'col/many', each);
    clock.ahead = 2 * graceMs + 5_000;
    const first = await at.registry.collect(5_000);
    expect(first).toMatchObject({ unlinked: 60, more: true });
    expect(first.removed).toBeLessThan(60);
    const second = await at.registry.collect(5_000);
    expect(second).toMatchObject({ more: false, removed: 60 - first.removed });
  });

  test('finishes a removal that a crash cut off', async () => {
    const { at, clock } = await open();
    const half = digest(await pushBlob(at, 'col/half', 'half'));
    await at.ask(`/v2/col/half/blobs/${half}`, { method: 'DELETE' });
    await at.store.write([
      { sql: sql`UPDATE registry_blobs SET status = 'deleting', version = version + 1`, expect: 1 },
    ]);
    await at.registry.recover();
    clock.ahead = 2 * graceMs + 5_000;
    expect(await at.registry.collect(10_000)).toMatchObject({ removed: 1 });
    expect(await at.blobs.size(half)).toBeUndefined();
    expect(await at.store.all(sql`SELECT digest FROM registry_blobs`)).toEqual([]);
    // That it was removed is forgotten in the end.
    clock.ahead += 25 * 3_600_000;
    await at.registry.collect(10_000);
    expect(await at.store.all(sql`SELECT digest FROM registry_removed_blobs`)).toEqual([]);
  });

  test('leaves it to another replica that is at it', async () => {
    const { at, clock } = await open();
    await pushBlob(at, 'col/other', 'other');
    clock.ahead = 2 * graceMs + 5_000;
    const lease = await acquireLease(at.store, 'registry/collection', 'another replica', 20_000, clock);
    expect(lease).toBeDefined();
    expect(await at.registry.collect(10_000)).toMatchObject({ elsewhere: true, removed: 0 });
    clock.ahead += 20_000;
    expect(await at.registry.collect(10_000)).toMatchObject({ elsewhere: false, removed: 1 });
  });

  test('indexes that name each other twice, thirty levels deep, cost no more than their number', async () => {
    let queries = 0;
    const { at, clock } = await open({
      wrapStore: (store) =>
        countingStore(store, () => {
          queries += 1;
        }),
    });
    const image = await pushImage(at, 'col/deep', 'base', ['leaf']);
    let children: Descriptor[] = [
      { mediaType: mediaTypes.ociManifest, digest: image.digest, size: image.bytes.length },
    ];
    for (let level = 0; level < 30; level++) {
      const next: Descriptor[] = [];
      for (const side of ['left', 'right']) {
        const body = index([...children, ...children], `${level} ${side}`);
        const put = await putManifest(at, 'col/deep', digestOf(body), body, mediaTypes.ociIndex);
        expect(put.status).toBe(201);
        next.push({ mediaType: mediaTypes.ociIndex, digest: digestOf(body), size: body.length });
      }
      children = next;
    }
    clock.ahead = 3 * graceMs;
    queries = 0;
    expect(await at.registry.collect(10_000)).toMatchObject({ unlinked: 0, removed: 0 });
    expect(queries).toBeLessThan(20);
    const top = children[0]?.digest ?? '';
    expect((await at.ask(`/v2/col/deep/manifests/${top}`)).status).toBe(200);
    expect(await at.blobs.size(digestOf('leaf'))).toBe(4);
  });

  test('a round reads what is due, not what is stored', async () => {
    const { at, clock } = await open();
    await pushImage(at, 'col/many', 'v1', ['many']);
    clock.ahead = 3 * graceMs;
    await at.registry.collect(10_000);
    const due = sql`SELECT digest FROM registry_repository_blobs WHERE check_at IS NOT NULL`;
    expect(await at.store.all(due)).toEqual([]);
    expect(await at.store.all(sql`SELECT digest FROM registry_blobs WHERE check_at IS NOT NULL`)).toEqual([]);
  });

  test('reports the storage of each repository, with shared bytes told apart', async () => {
    const { at } = await open();
    const image = await pushImage(at, 'col/one', 'v1', ['shared']);
    await pushImage(at, 'col/two', 'v1', ['shared']);
    await pushBlob(at, 'col/two', 'alone');
    const other = await at.addAccount('other');
    await pushBlob(at, 'theirs/x', 'alone', other);
    const config = image.bytes.length + Buffer.byteLength('{"config":"shared"}');
    const { account } = at.account.principal;
    const [one, two] = [
      {
        repository: 'col/one',
        manifests: 1,
        layers: 2,
        bytes: config + 6,
        sharedBytes: config - image.bytes.length + 6,
      },
      {
        repository: 'col/two',
        manifests: 1,
        layers: 3,
        bytes: config + 11,
        sharedBytes: config - image.bytes.length + 6,
      },
    ];
    expect(await at.registry.storage(account, '', 10)).toEqual({ repositories: [one, two] });
    expect(await at.registry.storage(account, '', 1)).toEqual({ repositories: [one], next: 'col/one' });
    expect(await at.registry.storage(account, 'col/one', 1)).toEqual({ repositories: [two] });
    expect((await at.registry.summary(account)).bytes).toBe(config + 11);
  });

  test('an image of which nothing has changed keeps its layers through many rounds', async () => {
    const { at, clock } = await open();
    const image = imageManifest('{"config":"late"}', ['late']);
    for (const each of ['{"config":"late"}', 'late']) await pushBlob(at, 'col/late', each);
    clock.ahead = 1.9 * graceMs;
    await at.registry.collect(10_000);
    expect((await putManifest(at, 'col/late', 'v1', image.bytes)).status).toBe(201);
    for (let round = 0; round < 5; round++) {
      clock.ahead += graceMs;
      expect(await at.registry.collect(10_000)).toMatchObject({ unlinked: 0, removed: 0 });
    }
    expect(await (await at.ask(`/v2/col/late/blobs/${digestOf('late')}`)).text()).toBe('late');
  });
});

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

function index(manifests: readonly Descriptor[], note: string): string {
  return JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests, annotations: { note } });
}

function countingStore(store: Store, count: () => void): Store {
  return {
    kind: store.kind,
    revision: () => undefined,
    all(query) {
      count();
      return store.all(query);
    },
    get(query) {
      count();
      return store.get(query);
    },
    write(steps) {
      count();
      return store.write(steps);
    },
    update: (plan) => store.update(plan),
    migrate: (migrations) => store.migrate(migrations),
    close: () => store.close(),
  };
}

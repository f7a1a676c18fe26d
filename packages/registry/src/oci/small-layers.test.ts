// Small layers are read once between writes to the repository's links, by each caller for itself, and ranges of them are right; sealed and larger
// ones are read each time.
import type { BlobStore } from '@longshore/blobs';
import { testStores } from '@longshore/store/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestRegistry, pushBlob, type TestRegistry } from '../testing/fixture.ts';
import type { RepositoryRef } from '../names.ts';
import type { OciCall } from './call.ts';
import type { SentLayer } from './send-blob.ts';
import { keptIfSmall } from './small-layers.ts';

let at: TestRegistry;
let reads = 0;
const wrapBlobs = (blobs: BlobStore): BlobStore => ({
  ...blobs,
  copyTo(...args) {
    reads += 1;
    return blobs.copyTo(...args);
  },
});
beforeAll(async () => {
  const backEnd = testStores().find(({ name }) => /sqlite/i.test(name));
  if (!backEnd) throw new Error('There is no SQLite among the stores');
  at = await openTestRegistry({ backEnd, wrapBlobs });
});
afterAll(() => at.close());

/** The answer's body, and how often the blob store was read for it. */
async function get(path: string, headers: Record<string, string> = {}) {
  const before = reads;
  const answer = await at.ask(path, { headers });
  return [await answer.text(), reads - before];
}

test('a small layer is read once until a link of its repository is written', async () => {
  const path = `/v2/small/app/blobs/${await pushBlob(at, 'small/app', 'config')}`;
  expect(await get(path)).toEqual(['config', 1]);
  expect(await get(path)).toEqual(['config', 0]);
  expect(await get(path, { range: 'bytes=2-4' })).toEqual(['nfi', 0]);
  await pushBlob(at, 'small/other', 'another');
  expect(await get(path)).toEqual(['config', 0]);
  await pushBlob(at, 'small/app', 'another');
  expect(await get(path)).toEqual(['config', 1]);
  expect((await at.ask(path, { method: 'DELETE' })).status).toBe(202);
  expect((await at.ask(path)).status).toBe(404);
});

test('a range that comes first is right too', async () => {
  const path = `/v2/small/app/blobs/${await pushBlob(at, 'small/app', 'ranged')}`;
  expect(await get(path, { range: 'bytes=1-3' })).toEqual(['ang', 1]);
  expect(await get(path)).toEqual(['ranged', 0]);
});

test('a larger layer is read each time', async () => {
  const content = 'x'.repeat(16 * 1024 + 1);
  const path = `/v2/small/app/blobs/${await pushBlob(at, 'small/app', content)}`;
  expect(await get(path)).toEqual([content, 1]);
  expect(await get(path)).toEqual([content, 1]);
});

test('a sealed layer is left as it is', () => {
  const layer = { size: 10 } as SentLayer;
  expect(keptIfSmall({} as OciCall, {} as RepositoryRef, layer, true)).toBe(layer);
});

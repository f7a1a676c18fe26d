import { silentLogger } from '@longshore/base';
import { sql } from '@longshore/store';
import { testStores } from '@longshore/store/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createReplayGuard, replaySweeper } from './replay.ts';
import { identityMigrations } from './schema.ts';
import { testClock } from './testing.ts';

describe.each([...testStores()])('the replay guard on $name', (backEnd) => {
  async function open() {
    const opened = await backEnd.open(identityMigrations);
    onTestFinished(() => opened.close());
    return opened.store;
  }

  it('lets a signature through once, whichever replica asks', async () => {
    const store = await open();
    const [one, other] = [createReplayGuard(store), createReplayGuard(store)];
    const claims = await Promise.all([1, 2, 3, 4, 5].flatMap(() => [one.claim('s', 1000), other.claim('s', 1000)]));
    expect(claims.filter((claimed) => claimed)).toHaveLength(1);
  });

  it('lets it through again after it was given back', async () => {
    const guard = createReplayGuard(await open());
    expect([await guard.claim('s', 1), await guard.claim('s', 1)]).toEqual([true, false]);
    await guard.release('s');
    expect(await guard.claim('s', 1)).toBe(true);
  });

  it('refuses a signature of unbounded length', async () => {
    await expect(createReplayGuard(await open()).claim('s'.repeat(257), 1)).rejects.toThrow(RangeError);
  });

  it('forgets ended claims and keeps the others', async () => {
    const store = await open();
    const clock = testClock();
    const guard = createReplayGuard(store);
    const later = clock.now() + 60_000;
    await store.write(
      Array.from({ length: 1203 }, (_, i) => ({
        sql: sql`INSERT INTO iam_signatures (signature, expires_at) VALUES (${`old${i}`}, ${1000 + i})`,
      })),
    );
    await guard.claim('new', later);
    const sweeper = replaySweeper(store, clock, silentLogger);
    const running = sweeper.run();
    const left = () => store.all<{ signature: string }>(sql`SELECT signature FROM iam_signatures`);
    await expect.poll(async () => (await left()).length).toBe(1);
    await sweeper.stop();
    await running;
    expect(await left()).toEqual([{ signature: 'new' }]);
  });
});

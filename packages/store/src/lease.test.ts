// One holder at a time, and a former one is stopped.
import type { Clock } from '@longshore/base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acquireLease, holdsLease, releaseLease, sql } from './index.ts';
import { type TestStore, testStores } from './testing.ts';

function handClock(): Clock & { time: number } {
  return {
    time: 1_000_000,
    now() {
      return this.time;
    },
    sleep: () => Promise.resolve(),
  };
}

describe.each(testStores())('a lease on $name', (backEnd) => {
  let opened: TestStore;
  beforeAll(async () => {
    opened = await backEnd.open([]);
  });
  afterAll(() => opened.close());

  it('is had by one, who may prolong it', async () => {
    const clock = handClock();
    const mine = await acquireLease(opened.store, 'a', 'me', 1_000, clock);
    expect(mine).toEqual({ name: 'a', holder: 'me', expires: 1_001_000, term: 1 });
    expect(await acquireLease(opened.store, 'a', 'you', 1_000, clock)).toBeUndefined();
    clock.time += 900;
    expect(await acquireLease(opened.store, 'a', 'me', 1_000, clock)).toMatchObject({ expires: 1_001_900, term: 1 });
    clock.time += 999;
    expect(await acquireLease(opened.store, 'a', 'you', 1_000, clock)).toBeUndefined();
  });

  it('passes on when it has ended, with a new term that fences the former holder', async () => {
    const clock = handClock();
    const mine = await acquireLease(opened.store, 'b', 'me', 1_000, clock);
    clock.time += 1_000;
    const yours = await acquireLease(opened.store, 'b', 'you', 1_000, clock);
    expect(yours).toMatchObject({ holder: 'you', term: 2 });
    if (!mine || !yours) throw new Error('no lease');
    await expect(opened.store.write([holdsLease(mine)])).rejects.toThrow('no longer held by me');
    await expect(opened.store.write([holdsLease(yours)])).resolves.toHaveLength(1);
    await releaseLease(opened.store, mine);
    expect(await acquireLease(opened.store, 'b', 'me', 1_000, clock)).toBeUndefined();
  });

  it('can be given back early', async () => {
    const clock = handClock();
    const mine = await acquireLease(opened.store, 'c', 'me', 1_000, clock);
    if (mine) await releaseLease(opened.store, mine);
    expect(await acquireLease(opened.store, 'c', 'you', 1_000, clock)).toMatchObject({ holder: 'you', term: 2 });
  });

  it('goes to exactly one of many who want it at once', async () => {
    const clock = handClock();
    const wants = Array.from({ length: 20 }, (_, i) => acquireLease(opened.store, 'd', `h${i}`, 1_000, clock));
    expect((await Promise.all(wants)).filter((lease) => lease !== undefined)).toHaveLength(1);
    expect(await opened.store.all(sql`SELECT term FROM store_leases WHERE name = 'd'`)).toEqual([{ term: 1 }]);
  });
});

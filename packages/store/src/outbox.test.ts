// Events reach every subscriber, whatever fails on the way.
import { silentLogger, systemClock } from '@longshore/base';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { acquireLease, emitEvent, type OutboxEvent, outboxRelay, type OutboxSubscriber, sql } from './index.ts';
import { type TestStore, testStores } from './testing.ts';

const event = (n: number): OutboxEvent => ({
  source: 'aws.ecs',
  detailType: 'ECS Task State Change',
  account: '123456789012',
  region: 'us-east-1',
  time: 1_700_000_000_000 + n,
  resources: [`arn:aws:ecs:us-east-1:123456789012:task/${n}`],
  detail: { n, text: 'é "quoted"', nested: { deep: [1, null, true] } },
});
const emit = (count: number, from = 0) => Array.from({ length: count }, (_, i) => emitEvent(event(from + i)));

function collector(id: string): OutboxSubscriber & { readonly seen: number[] } {
  const seen: number[] = [];
  return {
    id,
    seen,
    deliver(events) {
      seen.push(...events.map((each) => each.detail['n'] as number));
      return Promise.resolve();
    },
  };
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

describe.each(testStores())('the outbox on $name', (backEnd) => {
  let opened: TestStore;
  let relays: { stop(): Promise<void> }[] = [];
  beforeEach(async () => {
    opened = await backEnd.open([]);
  });
  afterEach(async () => {
    await Promise.all(relays.map((relay) => relay.stop()));
    relays = [];
    await opened.close();
  });

  function start(subscribers: readonly OutboxSubscriber[], everyMs = 5) {
    const relay = outboxRelay({ store: opened.store, log: silentLogger, everyMs, subscribers });
    relays.push(relay);
    relay.run().catch(() => undefined);
    return relay;
  }
  const left = async () => (await opened.store.get<{ n: number }>(sql`SELECT COUNT(*) AS n FROM outbox`))?.n;
  const emptied = () => vi.waitFor(async () => expect(await left()).toBe(0), { timeout: 10_000, interval: 5 });

  it('hands an event on as it was emitted, and then forgets it', async () => {
    const deliver = vi.fn<OutboxSubscriber['deliver']>(() => Promise.resolve());
    await opened.store.write(emit(1));
    start([{ id: 'one', deliver }]);
    await emptied();
    expect(deliver).toHaveBeenCalledTimes(1);
    expect(deliver.mock.calls[0]?.[0]).toEqual([{ id: expect.any(Number), ...event(0) }]);
  });

  it('says nothing of a write that failed', async () => {
    const one = collector('one');
    const failing = opened.store.write([...emit(1), { sql: sql`DELETE FROM outbox WHERE id = -1`, expect: 1 }]);
    await expect(failing).rejects.toThrow('lost a race');
    await opened.store.write(emit(1, 7));
    start([one]);
    await emptied();
    expect(one.seen).toEqual([7]);
  });

  it('hands many on in order, in batches of at most 100', async () => {
    const sizes: number[] = [];
    const one = collector('one');
    const sizer: OutboxSubscriber = {
      id: 'sizes',
      deliver: (events) => Promise.resolve(void sizes.push(events.length)),
    };
    for (let i = 0; i < 250; i += 50) await opened.store.write(emit(50, i));
    start([one, sizer], 60_000);
    await emptied();
    expect(one.seen).toEqual(upTo(250));
    expect(sizes).toEqual([100, 100, 50]);
  });

  it('comes again to a subscriber that failed, and only to that one', async () => {
    const good = collector('good');
    const late = collector('late');
    let failures = 3;
    const failing: OutboxSubscriber = {
      id: 'failing',
      deliver: (events, signal) =>
        failures-- > 0 ? Promise.reject(new Error('not now')) : late.deliver(events, signal),
    };
    await opened.store.write(emit(5));
    const relay = start([good, failing]);
    await vi.waitFor(
      async () => {
        relay.wake();
        expect(await left()).toBe(0);
      },
      { timeout: 10_000, interval: 5 },
    );
    expect(late.seen).toEqual(upTo(5));
    expect(good.seen).toEqual(upTo(5));
  });

  it('keeps what was not taken for the next relay', async () => {
    const deliver = vi.fn<OutboxSubscriber['deliver']>(() => Promise.reject(new Error('no')));
    await opened.store.write(emit(3));
    const first = start([{ id: 'never', deliver }]);
    await vi.waitFor(() => expect(deliver).toHaveBeenCalled());
    await first.stop();
    expect(await left()).toBe(3);
    const one = collector('one');
    start([one]);
    await emptied();
    expect(one.seen).toEqual(upTo(3));
  });

  it('delivers an event that commits late with a lower id', async () => {
    const one = collector('one');
    await opened.store.write([
      {
        sql: sql`INSERT INTO outbox (id, source, detail_type, account, region, time, resources, detail)
          VALUES (1000, 's', 't', '1', 'r', 1, '[]', '{"n":1000}')`,
      },
    ]);
    start([one]);
    await emptied();
    await opened.store.write([
      {
        sql: sql`INSERT INTO outbox (id, source, detail_type, account, region, time, resources, detail)
          VALUES (500, 's', 't', '1', 'r', 1, '[]', '{"n":500}')`,
      },
    ]);
    await emptied();
    expect(one.seen).toEqual([1000, 500]);
  });

  it('is delivered once while several relays run, because one of them has the lease', async () => {
    const all = collector('all');
    start([all]);
    start([all]);
    start([all]);
    for (let i = 0; i < 100; i += 10) await opened.store.write(emit(10, i));
    await emptied();
    expect(all.seen).toEqual(upTo(100));
  });

  it('waits while another replica has the lease, and goes on when that has given it back', async () => {
    const clock = { ...systemClock, now: () => 1_000 };
    const lease = await acquireLease(opened.store, 'store/outbox-relay', 'another', 10 ** 15, clock);
    const one = collector('one');
    await opened.store.write(emit(2));
    const relay = start([one]);
    for (let i = 0; i < 5; i++) {
      relay.wake();
      await opened.store.write([{ sql: sql`UPDATE store_leases SET expires = expires`, expect: 1 }]);
    }
    expect(one.seen).toEqual([]);
    expect(lease?.holder).toBe('another');
    await opened.store.write([{ sql: sql`UPDATE store_leases SET expires = 0`, expect: 1 }]);
    await emptied();
    expect(one.seen).toEqual([0, 1]);
  });
});

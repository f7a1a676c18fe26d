// The relay takes events out of the outbox and hands them to every subscriber, in the order of their ids, at least once.
// Rows are deleted only when all have taken them, and no position is remembered: on PostgreSQL a transaction that
// commits late with a lower id is simply found in the next round.
import { type Clock, type Logger, type LoopService, loopService, newUuid, systemClock } from '@longshore/base';
import { acquireLease, type Lease, releaseLease } from './lease.ts';
import { type OutboxRow, type StoredEvent, storedEvent } from './outbox.ts';
import { sql, sqlList } from './sql.ts';
import type { Store } from './types.ts';

const batchLimit = 100;
const leaseMs = 15_000;
const leaseName = 'store/outbox-relay';

export interface OutboxSubscriber {
  readonly id: string;
  /**
   * Takes up to 100 events. Resolving means that they are safe (handed on or stored); throwing means that all of them
   * will come again. Must be quick: the slowest subscriber sets the pace of all.
   */
  deliver(events: readonly StoredEvent[], signal: AbortSignal): Promise<void>;
}

export interface OutboxRelayOptions {
  readonly store: Store;
  readonly log: Logger;
  readonly clock?: Clock;
  /** How often the outbox is looked at; `wake()` looks at once. Default 250. */
  readonly everyMs?: number;
  readonly subscribers: readonly OutboxSubscriber[];
}

interface Taker {
  readonly subscriber: OutboxSubscriber;
  /** Ids it has taken that are not deleted yet, because another has not. */
  taken: Set<number>;
}

/** Whether `taker` now has every event. A failure is logged and costs the others nothing. */
async function hand(taker: Taker, events: readonly StoredEvent[], signal: AbortSignal, log: Logger): Promise<boolean> {
  const missing = events.filter((event) => !taker.taken.has(event.id));
  taker.taken = new Set(events.filter((event) => taker.taken.has(event.id)).map((event) => event.id));
  if (missing.length === 0) return true;
  try {
    await taker.subscriber.deliver(missing, signal);
    for (const event of missing) taker.taken.add(event.id);
    return true;
  } catch (error) {
    log.warn(
      { err: error, subscriber: taker.subscriber.id },
      'a subscriber did not take its events; they will come again',
    );
    return false;
  }
}

/** Makes the relay. Any number of replicas may run one; a lease lets one deliver at a time. */
export function outboxRelay(options: OutboxRelayOptions): LoopService {
  const { store, log, clock = systemClock, everyMs = 250 } = options;
  const takers: Taker[] = options.subscribers.map((subscriber) => ({ subscriber, taken: new Set() }));
  const holder = newUuid();
  let lease: Lease | undefined;

  async function haveLease(): Promise<boolean> {
    if (lease === undefined || lease.expires - clock.now() < leaseMs / 2) {
      lease = await acquireLease(store, leaseName, holder, leaseMs, clock);
    }
    return lease !== undefined;
  }

  /** One batch; true if there may be more. */
  async function relay(signal: AbortSignal): Promise<boolean> {
    const rows = await store.all<OutboxRow>(sql`SELECT * FROM outbox ORDER BY id LIMIT ${batchLimit}`);
    if (rows.length === 0 || !(await haveLease())) return false;
    const events = rows.map(storedEvent);
    const took = await Promise.all(takers.map((taker) => hand(taker, events, signal, log)));
    if (!took.every(Boolean)) throw new Error('some events of the outbox were not taken');
    await store.write([{ sql: sql`DELETE FROM outbox WHERE id IN (${sqlList(events.map((event) => event.id))})` }]);
    return rows.length === batchLimit;
  }

  const loop = loopService({
    id: 'outbox-relay',
    everyMs,
    log,
    clock,
    async step({ signal }) {
      while (!signal.aborted && (await relay(signal)));
    },
  });
  return {
    ...loop,
    async stop() {
      await loop.stop();
      if (lease)
        await releaseLease(store, lease).catch((error: unknown) =>
          log.warn({ err: error }, 'a lease was not given back'),
        );
      lease = undefined;
    },
  };
}

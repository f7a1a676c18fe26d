// Whole layers that are being written just now, by account: who sends the same one waits for a moment, and then it need only be
// verified. Ten clients that push a new layer at once have it written once, not ten times.
import type { AccountId, Clock, Digest } from '@longshore/base';
import type { Repository } from './repository.ts';

export interface Arrival {
  /** Where the layer is to be. */
  readonly repository: Repository;
  /** Resolves when it is there, or did not come. */
  readonly ended: Promise<void>;
  /** Milliseconds since the epoch. */
  readonly since: number;
  end(): void;
}

export interface Arrivals {
  find(account: AccountId, digest: Digest): Arrival | undefined;
  /** Undefined if one is under way already. */
  begin(repository: Repository, digest: Digest): Arrival | undefined;
}

export function createArrivals(clock: Pick<Clock, 'now'>): Arrivals {
  const arrivals = new Map<string, Arrival>();
  return {
    find: (account, digest) => arrivals.get(`${account} ${digest}`),
    begin(repository, digest) {
      const key = `${repository.account} ${digest}`;
      if (arrivals.has(key)) return undefined;
      const { promise, resolve } = Promise.withResolvers<void>();
      const arrival: Arrival = {
        repository,
        ended: promise,
        since: clock.now(),
        end() {
          if (arrivals.get(key) === arrival) arrivals.delete(key);
          resolve();
        },
      };
      arrivals.set(key, arrival);
      return arrival;
    },
  };
}

/** So long a layer may take to arrive for others to wait for it; writing it again is not much worse. */
const worthWaitingMs = 2_000;

/** Waits until it has ended, or two seconds after it began. */
export async function waitForArrival(clock: Clock, { ended, since }: Arrival): Promise<void> {
  const left = since + worthWaitingMs - clock.now();
  if (left <= 0) return;
  const over = new AbortController();
  await Promise.race([ended, clock.sleep(left, over.signal)]);
  over.abort();
}

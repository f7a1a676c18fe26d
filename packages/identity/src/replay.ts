// The replay guard: each signature of a changing request counts once. Claims live in the store, so that they hold on
// every replica and after a crash; a background service forgets those whose requests no clock would accept any more.
import type { ReplayGuard } from '@longshore/aws';
import { type Clock, type Logger, loopService, type Service } from '@longshore/base';
import { type Store, sql } from '@longshore/store';

const longestSignature = 256;
const batchSize = 500;
/** Replicas' clocks may differ a little; a claim stays this much longer than its request could be accepted. */
const graceMs = 60_000;
const everyMs = 60_000;

export function createReplayGuard(store: Store): ReplayGuard {
  return {
    async claim(signature, expiresAt) {
      if (signature.length > longestSignature) throw new RangeError('A signature of more than 256 characters.');
      const [result] = await store.write([
        {
          sql: sql`INSERT INTO iam_signatures (signature, expires_at) VALUES (${signature}, ${Math.ceil(expiresAt)})
            ON CONFLICT (signature) DO NOTHING`,
        },
      ]);
      return result?.changes === 1;
    },
    async release(signature) {
      await store.write([{ sql: sql`DELETE FROM iam_signatures WHERE signature = ${signature}` }]);
    },
  };
}

/** Forgets one batch of claims that ended before `now`; resolves to how many. */
async function forgetBatch(store: Store, now: number): Promise<number> {
  const [result] = await store.write([
    {
      sql: sql`DELETE FROM iam_signatures WHERE signature IN
        (SELECT signature FROM iam_signatures WHERE expires_at < ${now - graceMs} ORDER BY expires_at LIMIT ${batchSize})`,
    },
  ]);
  return result?.changes ?? 0;
}

export function replaySweeper(store: Store, clock: Clock, log: Logger): Service {
  return loopService({
    id: 'identity-replay-sweeper',
    everyMs,
    clock,
    log,
    async step({ signal }) {
      let forgotten = batchSize;
      while (forgotten === batchSize && !signal.aborted) forgotten = await forgetBatch(store, clock.now());
    },
  });
}

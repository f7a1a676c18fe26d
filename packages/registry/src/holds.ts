// Blobs that a request under way relies on and that it does not link yet: layers whose bytes it verifies and does not write again.
// However slowly a client sends, their leases are renewed, so that collection leaves them alone until the request has ended.
import { type Digest, type LoopService, loopService } from '@longshore/base';
import { sql, sqlList } from '@longshore/store';
import { type Core, newLease } from './core.ts';

export interface Holds {
  /** Has the lease of `blob` renewed as long as `work` runs. Taking it is the caller's (`holdLayer`). */
  during<T>(blob: Digest, work: () => Promise<T>): Promise<T>;
  held(): Digest[];
}

export function createHolds(): Holds {
  const counts = new Map<Digest, number>();
  return {
    async during(blob, work) {
      counts.set(blob, (counts.get(blob) ?? 0) + 1);
      try {
        return await work();
      } finally {
        const left = (counts.get(blob) ?? 1) - 1;
        if (left > 0) counts.set(blob, left);
        else counts.delete(blob);
      }
    },
    held: () => [...counts.keys()],
  };
}

/** In one write. */
const blobsAtOnce = 200;

/** Renews the leases that have less than a grace left. One that ran out, as after a long stand-still, is left to collection. */
export async function renewHolds(core: Pick<Core, 'store' | 'clock' | 'graceMs' | 'holds'>): Promise<void> {
  const held = core.holds.held();
  for (let i = 0; i < held.length; i += blobsAtOnce) {
    await core.store.write([
      {
        sql: sql`UPDATE registry_blobs SET version = version + 1, lease_until = ${newLease(core)}
          WHERE digest IN (${sqlList(held.slice(i, i + blobsAtOnce))}) AND status = 'none'
            AND lease_until < ${core.clock.now() + core.graceMs}`,
      },
    ]);
  }
}

/** Four times a grace: a lease that was taken with one grace left never runs out. */
export function holdRenewal(core: Core): LoopService {
  return loopService({
    id: 'registry/hold-renewal',
    everyMs: core.graceMs / 4,
    log: core.log,
    clock: core.clock,
    step: () => renewHolds(core),
  });
}

// Whose turn it is to collect: one replica at a time, by a lease in the store. Only the holder may remove bytes, and only
// while the lease has a good part left; so the next holder, who finishes what was begun, meets no removal still on its way.
import { newHexId } from '@longshore/base';
import { acquireLease, type Lease, releaseLease } from '@longshore/store';
import type { Core } from '../core.ts';

const leaseName = 'registry/collection';
const leaseMs = 20_000;

/** Another replica collects. */
export class NotOurTurnError extends Error {
  override readonly name = 'NotOurTurnError';
  constructor() {
    super('Another replica of the server is collecting');
  }
}

export interface Turn {
  /** The lease, taken or prolonged when half of it is used up. Throws NotOurTurnError. */
  hold(): Promise<Lease>;
  /** For others to take without waiting. */
  release(): Promise<void>;
}

export function createTurn({ store, clock }: Pick<Core, 'store' | 'clock'>): Turn {
  // One process at a time has a SQLite file: what holds the lease there is always a former life of this one.
  const holder = store.kind === 'sqlite' ? 'the only process' : newHexId();
  let lease: Lease | undefined;
  return {
    async hold() {
      // Looked at again after it was written: who knows how long that took.
      while (lease === undefined || lease.expires - clock.now() < leaseMs / 2) {
        lease = await acquireLease(store, leaseName, holder, leaseMs, clock);
        if (lease === undefined) throw new NotOurTurnError();
      }
      return lease;
    },
    async release() {
      const held = lease;
      lease = undefined;
      if (held) await releaseLease(store, held);
    },
  };
}

// What the parts of identity share: the store, the clock, the seal, and the caches that changes must empty.
import type { Clock } from '@longshore/base';
import type { Store } from '@longshore/store';
import type { Sealer } from './seal.ts';

/** Empties what this process remembers. Other replicas notice when their own copies have aged. */
export interface Forget {
  accessKey(accessKeyId: string): void;
  /** By user id, or account id for root: policies and whether the principal is there. */
  owner(ownerId: string): void;
}

export interface IdentityCore {
  readonly store: Store;
  readonly clock: Clock;
  readonly sealer: Sealer;
  readonly forget: Forget;
}

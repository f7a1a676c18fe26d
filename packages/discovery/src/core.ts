// What the operations and the DNS server of service discovery work with.
import type { Clock, Logger } from '@longshore/base';
import type { Store } from '@longshore/store';

export interface DiscoveryCore {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly region: string;
  /** Tells the DNS server that there may be something to answer. */
  wake(): void;
}

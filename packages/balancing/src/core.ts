// What the operations and loops of load balancing work with.
import type { Clock, Logger } from '@longshore/base';
import type { Store } from '@longshore/store';

export interface BalancingCore {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly region: string;
  readonly replica: string;
  /** Addresses that listeners may be bound to; with one of them, all load balancers share it. */
  readonly addresses: readonly string[];
  /** The account that may name targets on this machine itself. */
  readonly operator: string;
  /** Why no proxy can be run here, in words for people; undefined if one can. */
  proxyMissing(): Promise<string | undefined>;
  /** The address of a machine of the account by its instance id. */
  machineAddress(account: string, id: string): Promise<string | undefined>;
  /** Tells the proxy's keeper that something changed. */
  wake(): void;
}

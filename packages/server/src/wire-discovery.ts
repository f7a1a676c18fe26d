// Wires service discovery: its DNS server knows the names of load balancers too.
import type { Balancing } from '@longshore/balancing';
import type { Clock, Logger } from '@longshore/base';
import { createDiscovery, type Discovery } from '@longshore/discovery';
import type { Store } from '@longshore/store';
import type { Settings } from './settings.ts';

interface DiscoveryInputs {
  readonly settings: Settings;
  readonly store: Store;
  readonly balancing: Balancing;
  readonly clock: Clock;
  readonly log: Logger;
}

export function wireDiscovery({ settings, store, balancing, clock, log }: DiscoveryInputs): Discovery {
  return createDiscovery({
    store,
    clock,
    log,
    region: settings.region,
    listen: settings.dnsListen,
    address: (name) => balancing.resolve(name),
  });
}

// Puts service discovery together: operations, the DNS server, and what the container service needs.
import type { AwsService } from '@longshore/aws';
import type { Clock, Logger, Service } from '@longshore/base';
import type { Store } from '@longshore/store';
import { mapApi } from './api/service.ts';
import type { DiscoveryCore } from './core.ts';
import { dnsKeeper, storeDirectory } from './dns/keeper.ts';
import { type TaskDiscovery, taskDiscovery } from './tasks.ts';

export interface DiscoveryOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly region: string;
  /** Where the DNS server listens, by UDP and TCP, once there is a namespace. */
  readonly listen: { readonly host: string; readonly port: number };
  /** Names outside of namespaces that are answered: load balancers. */
  address(name: string): Promise<string | undefined>;
}

export interface Discovery {
  readonly cloudMap: AwsService;
  readonly tasks: TaskDiscovery;
  readonly services: readonly Service[];
  /** Where the DNS server listens now. */
  listening(): { readonly address: string; readonly port: number } | undefined;
}

/** Needs `discoveryMigrations` applied. */
export function createDiscovery(options: DiscoveryOptions): Discovery {
  const { store, clock, log, region } = options;
  const core: DiscoveryCore = { store, clock, log, region, wake: () => keeper.wake() };
  const keeper = dnsKeeper(core, options.listen, storeDirectory(store, options.address));
  return {
    cloudMap: mapApi(core),
    tasks: taskDiscovery(core),
    services: [keeper],
    listening: () => keeper.listening(),
  };
}

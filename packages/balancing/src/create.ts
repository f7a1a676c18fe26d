// Puts load balancing together: operations, the proxy, and what the container service needs.
import type { AwsService } from '@longshore/aws';
import type { Clock, Logger, Service } from '@longshore/base';
import { type Store, sql } from '@longshore/store';
import { elbService } from './api/service.ts';
import type { BalancingCore } from './core.ts';
import { findLoadBalancers } from './load-balancers.ts';
import { proxyKeeper } from './proxy/keeper.ts';
import { proxyProcess } from './proxy/process.ts';
import { type TaskBalancing, taskBalancing } from './tasks.ts';

export interface BalancingOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly region: string;
  readonly replica: string;
  /** The account that may name targets on this machine itself. */
  readonly operator: string;
  /** Addresses that listeners may be bound to. */
  readonly addresses: readonly string[];
  /** The proxy's folder: its configuration and sockets. */
  readonly dir: string;
  /** The proxy's program; searched for if left out. */
  readonly program?: string | undefined;
  machineAddress(account: string, instanceId: string): Promise<string | undefined>;
}

export interface Balancing {
  readonly elb: AwsService;
  readonly tasks: TaskBalancing;
  readonly services: readonly Service[];
  /** The addresses of load balancers by their DNS names. */
  resolve(name: string): Promise<string | undefined>;
}

/** Needs `balancingMigrations` applied. Starts no proxy before there is a listener. */
export async function createBalancing(options: BalancingOptions): Promise<Balancing> {
  const { store, clock, log, region, replica, operator, addresses } = options;
  const proxy = await proxyProcess({ dir: options.dir, clock, program: options.program });
  const core: BalancingCore = {
    store,
    clock,
    log,
    region,
    replica,
    operator,
    addresses,
    proxyMissing: proxy.missing,
    machineAddress: options.machineAddress,
    wake: () => keeper.wake(),
  };
  const keeper = proxyKeeper(core, proxy);
  return {
    elb: elbService(core),
    tasks: taskBalancing(core),
    services: [keeper],
    async resolve(name) {
      const wanted = name.toLowerCase();
      const all = await findLoadBalancers(store, sql`1 = 1`);
      return all.find((each) => each.dnsName.toLowerCase() === wanted)?.address;
    },
  };
}

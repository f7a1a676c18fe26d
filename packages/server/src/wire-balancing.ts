// Wires load balancing: its proxy on this machine, and what the container service needs of it.
import { join } from 'node:path';
import { type Balancing, createBalancing } from '@longshore/balancing';
import type { AccountId, Clock, Logger } from '@longshore/base';
import type { Store } from '@longshore/store';
import type { DataDir } from './data-dir.ts';
import type { Settings } from './settings.ts';

interface BalancingInputs {
  readonly settings: Settings;
  readonly data: DataDir;
  readonly store: Store;
  readonly replica: string;
  readonly operator: AccountId;
  readonly clock: Clock;
  readonly log: Logger;
  machineAddress(account: string, instanceId: string): Promise<string | undefined>;
}

export function wireBalancing(inputs: BalancingInputs): Promise<Balancing> {
  const { settings, data, store, replica, operator, clock, log, machineAddress } = inputs;
  return createBalancing({
    store,
    clock,
    log,
    region: settings.region,
    replica,
    operator,
    addresses: settings.balanceAddress,
    dir: join(data.path, 'proxy'),
    program: settings.haproxy,
    machineAddress,
  });
}

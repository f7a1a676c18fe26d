// An identity for tests, over a store and a clock that tests can turn.
import { type Clock, silentLogger, systemClock } from '@longshore/base';
import type { Store } from '@longshore/store';
import { createIdentity } from './identity.ts';
import type { Identity } from './types.ts';

export interface TestClock extends Clock {
  advance(ms: number): void;
}

export function testClock(start = Date.UTC(2026, 0, 15, 12)): TestClock {
  let now = start;
  return {
    now: () => now,
    sleep: (ms, signal) => systemClock.sleep(ms, signal),
    advance(ms) {
      now += ms;
    },
  };
}

export const testMasterKey: Uint8Array = new Uint8Array(32).fill(7);

export function testIdentity(store: Store, clock: Clock, masterKey = testMasterKey): Identity {
  return createIdentity({ store, clock, log: silentLogger, region: 'us-east-1', masterKey });
}

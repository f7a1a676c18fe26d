// A simulated process: code that runs until it is killed. What it waits for simply never comes any more then, and what it
// asks of the world is not done, so that nothing of it is left but what the world has already taken.
import type { Clock } from '@longshore/base';
import type { Schedule } from './schedule.ts';

export interface Process {
  readonly name: string;
  readonly clock: Clock;
  alive(): boolean;
  /** Kills it as `kill -9` does. */
  kill(): void;
  /** Calls `listener` when it is killed; the answer takes that back. */
  onKill(listener: () => void): () => void;
  /** Resolves after `ms`, if the process lives that long. */
  wait(ms: number): Promise<void>;
  /** Does `act` after `ms`, if the process lives that long. */
  after(ms: number, act: () => void): void;
}

/** Never resolves. */
export const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

/** `skewMs`: how far its clock is from the world's. */
export function createProcess(name: string, schedule: Schedule, skewMs: number): Process {
  let alive = true;
  const listeners = new Set<() => void>();
  const after = (ms: number, act: () => void) => {
    schedule.after(ms, () => {
      if (alive) act();
    });
  };
  return {
    name,
    alive: () => alive,
    kill() {
      alive = false;
      for (const listener of listeners) listener();
      listeners.clear();
    },
    onKill(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    after,
    wait: (ms) => new Promise((resolve) => after(ms, resolve)),
    clock: {
      now: () => Math.round(schedule.now() + skewMs),
      sleep(ms, signal) {
        if (signal?.aborted) return Promise.resolve();
        return new Promise((resolve) => {
          const cancel = schedule.after(ms, () => {
            signal?.removeEventListener('abort', done);
            if (alive) resolve();
          });
          const done = () => {
            cancel();
            if (alive) resolve();
          };
          signal?.addEventListener('abort', done, { once: true });
        });
      },
    },
  };
}

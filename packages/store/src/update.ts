// Optimistic concurrency: read, plan, write; when another writer was first, do it again.
import { backoffDelay, systemClock } from '@longshore/base';
import { ConflictError, type Step, type StepResult, type Store, type Update, type View } from './types.ts';

const attempts = 20;

/** The pause before attempt `n + 2`, in milliseconds: anywhere between 0 and a bound that doubles from 4 to 256. */
function jitter(n: number): number {
  return Math.random() * backoffDelay(n, { initialMs: 4, maxMs: 256 });
}

/** `Store.update` over a view and a write; `pause` waits before the next attempt. */
export function updateWith(
  view: View,
  write: (steps: readonly Step[]) => Promise<readonly StepResult[]>,
  pause: (ms: number) => Promise<void> = (ms) => systemClock.sleep(ms),
): Store['update'] {
  return async <T>(plan: (view: View) => Promise<Update<T>>): Promise<T> => {
    for (let attempt = 0; ; attempt++) {
      try {
        const { steps, result } = await plan(view);
        await write(steps);
        return result;
      } catch (error) {
        if (!(error instanceof ConflictError) || attempt + 1 >= attempts) throw error;
      }
      await pause(jitter(attempt));
    }
  };
}

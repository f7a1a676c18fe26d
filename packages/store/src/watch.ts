// A store that tells of each write of this process once it has ended: for those who keep in memory what rows say.
import type { Step, Store } from './types.ts';
import { updateWith } from './update.ts';

/** `onSettled` runs before the writer hears of the outcome; `done` is false if nothing was written, or nobody knows. */
export function watchWrites(store: Store, onSettled: (steps: readonly Step[], done: boolean) => void): Store {
  async function write(steps: readonly Step[]): ReturnType<Store['write']> {
    try {
      const results = await store.write(steps);
      onSettled(steps, true);
      return results;
    } catch (error) {
      onSettled(steps, false);
      throw error;
    }
  }
  return Object.freeze({ ...store, write, update: updateWith(store, write, store.pause) });
}

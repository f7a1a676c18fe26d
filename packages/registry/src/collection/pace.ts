// How fast collection goes. Nobody waits for it, and much has to go through the same thread, disk and writer: after each piece
// of work it rests three times as long as that took, so that it has a quarter of the time at most. Unless space is short: then
// what it gives back is worth more than what it disturbs.
import type { Clock } from '@longshore/base';

export interface Pace {
  /** To be called after each piece of work; all the time since the last rest counts as work. */
  rest(): Promise<void>;
}

const restsPerWork = 3;
/** A longer rest would only say that the machine stood still. */
const longestMs = 500;
/** Plenty of space does not go sooner than a third of a disk fills: it is asked for once in so long. */
const plentyMs = 1_000;

export function createPace(clock: Clock, isShortOfSpace: () => Promise<boolean>, signal?: AbortSignal): Pace {
  let since = clock.now();
  let foundPlenty = Number.NEGATIVE_INFINITY;

  async function isShort(): Promise<boolean> {
    const ago = clock.now() - foundPlenty;
    if (ago >= 0 && ago < plentyMs) return false;
    const short = await isShortOfSpace();
    if (!short) foundPlenty = clock.now();
    return short;
  }

  return {
    async rest() {
      const worked = clock.now() - since;
      // Less than the clock can tell is counted with the next piece.
      if (worked === 0) return;
      if (worked > 0 && !(await isShort())) await clock.sleep(Math.min(worked * restsPerWork, longestMs), signal);
      since = clock.now();
    },
  };
}

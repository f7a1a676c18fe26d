// Services: everything that runs in the background. One object owns its cancellation, back-off and timers, so that
// a stop is always orderly and no timer or promise is left floating.
import { type Clock, systemClock } from './clock.ts';
import type { Logger } from './logger.ts';

/** Something that runs until it is stopped. `run` resolves when it has ended; `stop` asks it to end and waits for that. */
export interface Service {
  readonly id: string;
  run(): Promise<void>;
  stop(): Promise<void>;
}

/** How long to wait before a failed step is tried again: doubling from `initialMs` to `maxMs`, with jitter of ±20 %. */
export interface BackoffOptions {
  readonly initialMs: number;
  readonly maxMs: number;
}

const defaultBackoff: BackoffOptions = { initialMs: 200, maxMs: 15_000 };

/** The delay in milliseconds before attempt `failures + 1`; `random` is in [0, 1). */
export function backoffDelay(
  failures: number,
  options: BackoffOptions = defaultBackoff,
  random = Math.random(),
): number {
  const base = Math.min(options.maxMs, options.initialMs * 2 ** Math.min(failures, 30));
  return Math.round(base * (0.8 + 0.4 * random));
}

/** What a loop's step is given: a signal that fires at stop. */
export interface LoopContext {
  readonly signal: AbortSignal;
}

export interface LoopOptions {
  readonly id: string;
  /** One round of work. A thrown error is logged and the next round waits for the back-off. */
  readonly step: (context: LoopContext) => Promise<void>;
  /** Pause between rounds in milliseconds; `wake` cuts it short. */
  readonly everyMs: number;
  readonly log: Logger;
  readonly clock?: Clock;
  readonly backoff?: BackoffOptions;
}

/** A service that repeats one step; `wake()` starts the next round at once. */
export interface LoopService extends Service {
  wake(): void;
}

/** Makes a `LoopService`. Rounds never overlap; a `wake` during a round causes exactly one more round. */
export function loopService(options: LoopOptions): LoopService {
  const clock = options.clock ?? systemClock;
  const stopping = new AbortController();
  let ended: Promise<void> | undefined;
  let woken = false;
  let pause: AbortController | undefined;

  /** With a reason, which nobody reads: without one an error and its stack are made. */
  const endPause = () => pause?.abort('not needed');

  async function rest(ms: number): Promise<void> {
    if (woken || stopping.signal.aborted) return;
    pause = new AbortController();
    await clock.sleep(ms, pause.signal);
    pause = undefined;
  }

  async function loop(): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted) {
      woken = false;
      try {
        await options.step({ signal: stopping.signal });
        failures = 0;
        await rest(options.everyMs);
      } catch (error) {
        if (stopping.signal.aborted) return;
        options.log.error({ err: error, service: options.id, failures }, 'a round failed and will be tried again');
        woken = false;
        await rest(backoffDelay(failures++, options.backoff));
      }
    }
  }

  return {
    id: options.id,
    run() {
      ended ??= loop();
      return ended;
    },
    wake() {
      woken = true;
      endPause();
    },
    async stop() {
      stopping.abort();
      endPause();
      await ended;
    },
  };
}

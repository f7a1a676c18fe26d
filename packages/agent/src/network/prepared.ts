// Prepared networks: a few holders on the Engine's bridge, made while nothing else is going on, so that a container that
// starts need only join one. A namespace is used once. What a crash left is found by label and removed.
import { type Clock, errorText, type Logger, type LoopService, loopService } from '@longshore/base';
import type { Engine } from '../docker/engine.ts';
import { type Holders, joinedHolder } from './holders.ts';

export interface PreparedNetworks {
  /**
   * A holder that is the caller's from now on, or undefined if none is ready. It ran when it was looked at last: if it does
   * not any more, the container that joins it cannot start.
   */
  take(): string | undefined;
  /** A container is being launched: nothing is prepared for a while. */
  noteLaunch(): void;
  /** The namespace is of no use any more. */
  release(holder: string): Promise<void>;
  /** Keeps as many ready as asked for; removes what nobody uses. */
  readonly service: LoopService;
  /** Removes those that nobody has taken. After the service's stop. */
  close(): Promise<void>;
}

export interface PreparedParts {
  readonly engine: Engine;
  readonly holders: Holders;
  /** Label (`key=value`) of the containers that may have joined one. */
  readonly userLabel: string;
  /** How many to keep ready; 0 prepares none. */
  readonly size: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** None is prepared until nothing was launched for so long: preparing costs as much as it saves. */
const quietMs = 2_000;
const roundMs = 60_000;
/** The machine's resolver may change; a namespace has what was there when it was made. */
const oldestMs = 15 * 60_000;
/** One that was taken and is seen with nobody in it for so long belongs to a launch that failed. */
const takenMs = 10 * 60_000;

export function createPreparedNetworks(parts: PreparedParts): PreparedNetworks {
  const { engine, holders, clock, log } = parts;
  const ready = new Map<string, number>();
  const taken = new Map<string, number>();
  let lastLaunch = clock.now();

  const remove = (id: string) =>
    holders.remove(id).catch((error: unknown) => {
      // The next round finds it again.
      log.debug({ holder: id, problem: errorText(error) }, 'a network holder could not be removed');
    });

  /** Removes every holder of this agent that is not ready, in use, or just taken. */
  async function clean(): Promise<void> {
    const now = clock.now();
    for (const [id, at] of taken) if (now - at > takenMs) taken.delete(id);
    for (const [id, at] of ready) if (now - at > oldestMs) ready.delete(id);
    // The holders first: a user that is not seen afterwards had not been made when its holder was listed, or is gone.
    const listed = await holders.list();
    if (listed.length === 0) return;
    const users = await engine.listContainers([parts.userLabel]);
    const used = new Set(users.map((user) => joinedHolder(user.HostConfig?.NetworkMode)));
    for (const { Id, State } of listed) {
      if (State !== 'running') ready.delete(Id);
      else if (ready.has(Id)) continue;
      if (!used.has(Id) && !taken.has(Id)) await remove(Id);
    }
  }

  /** Waits until nothing was launched for a while, at most until `latest`. */
  async function quiet(latest: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const wait = Math.min(lastLaunch + quietMs, latest) - clock.now();
      if (wait <= 0) return;
      await clock.sleep(wait, signal);
    }
  }

  const service = loopService({
    id: 'agent prepared networks',
    everyMs: roundMs,
    log,
    clock,
    backoff: { initialMs: 5_000, maxMs: 10 * 60_000 },
    async step({ signal }) {
      // On a machine that is never quiet, what is of no use goes all the same.
      await quiet(clock.now() + roundMs, signal);
      await clean();
      while (ready.size < parts.size && !signal.aborted) {
        await quiet(Number.POSITIVE_INFINITY, signal);
        if (!signal.aborted) ready.set(await holders.make(), clock.now());
      }
    },
  });

  return {
    take() {
      lastLaunch = clock.now();
      service.wake();
      const [id] = ready.keys();
      if (id === undefined) return undefined;
      ready.delete(id);
      taken.set(id, lastLaunch);
      return id;
    },
    noteLaunch() {
      lastLaunch = clock.now();
    },
    async release(holder) {
      await holders.remove(holder);
      taken.delete(holder);
    },
    service,
    async close() {
      await Promise.all([...ready.keys()].map(remove));
      ready.clear();
    },
  };
}

// When an image was last pulled. Pulls are many and this is worth little, so times are gathered and written now and then;
// a crash loses at most the last minute of them.
import { type Clock, type Digest, type Logger, type LoopService, loopService } from '@longshore/base';
import { type Store, sql } from '@longshore/store';

export interface PullRecorder {
  record(repository: string, digest: Digest): void;
  flush(): Promise<void>;
  readonly service: LoopService;
}

const everyMs = 60_000;
const batch = 100;
/** Images remembered between two rounds; beyond it, pulls of further images are not recorded. */
const maxPending = 50_000;

export function createPullRecorder(parts: {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
}): PullRecorder {
  const { store, clock } = parts;
  const pending = new Map<string, { readonly repository: string; readonly digest: Digest; readonly at: number }>();

  async function flush(): Promise<void> {
    while (pending.size > 0) {
      const taken = [...pending].slice(0, batch);
      await store.write(
        taken.map(([, pull]) => ({
          sql: sql`UPDATE registry_manifests SET pulled_at = ${pull.at}
            WHERE repository = ${pull.repository} AND digest = ${pull.digest}`,
        })),
      );
      for (const [key, pull] of taken) if (pending.get(key) === pull) pending.delete(key);
    }
  }

  const loop = loopService({ id: 'registry/pull-times', everyMs, log: parts.log, clock, step: flush });
  return {
    record(repository, digest) {
      const key = `${repository} ${digest}`;
      if (pending.size < maxPending || pending.has(key)) pending.set(key, { repository, digest, at: clock.now() });
    },
    flush,
    service: {
      ...loop,
      async stop() {
        await loop.stop();
        await flush();
      },
    },
  };
}

// An event for every pull, in the shape of ECR's "ECR Image Action". Pulls are many: those of one image in one round are one
// event that counts them, so that what is written is bounded by images, not by requests. A crash loses one round at most.
import { type Clock, type Digest, type Logger, type LoopService, loopService } from '@longshore/base';
import type { Store } from '@longshore/store';
import { imageEvent } from './image-event.ts';
import type { RepositoryRef } from './names.ts';

export interface PullEvents {
  /** `tag` if the image was asked for by it. */
  record(repository: RepositoryRef, digest: Digest, tag: string | undefined): void;
  flush(): Promise<void>;
  readonly service: LoopService;
}

interface Pulled {
  readonly repository: RepositoryRef;
  readonly digest: Digest;
  readonly tag: string | undefined;
  count: number;
}

const everyMs = 5_000;
const batch = 200;
/** Images remembered between two rounds; pulls of further ones are counted by the metrics alone. */
const maxPending = 20_000;

export function createPullEvents(parts: {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly region: string;
}): PullEvents {
  const { store, log } = parts;
  let pending = new Map<string, Pulled>();
  let missed = 0;

  async function flush(): Promise<void> {
    if (missed > 0) log.warn({ missed, kept: pending.size }, 'more images were pulled at once than get an event');
    missed = 0;
    const taken = [...pending.values()];
    pending = new Map();
    for (let i = 0; i < taken.length; i += batch) {
      const steps = taken
        .slice(i, i + batch)
        .map(({ repository, digest, tag, count }) =>
          imageEvent(parts, repository, 'PULL', digest, tag, undefined, { 'pull-count': count }),
        );
      try {
        await store.write(steps);
      } catch (error) {
        for (const pull of taken.slice(i)) add(pull);
        throw error;
      }
    }
  }

  function add({ repository, digest, tag, count }: Pulled): void {
    const key = `${repository.account}/${repository.name}@${digest}:${tag ?? ''}`;
    const known = pending.get(key);
    if (known) known.count += count;
    else if (pending.size < maxPending) pending.set(key, { repository, digest, tag, count });
    else missed += count;
  }

  const loop = loopService({ id: 'registry/pull-events', everyMs, log, clock: parts.clock, step: flush });
  return {
    record: (repository, digest, tag) => add({ repository, digest, tag, count: 1 }),
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

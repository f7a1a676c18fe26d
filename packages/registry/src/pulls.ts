// When an image was last pulled. Pulls are many and this is worth little, so times are gathered and written now and then;
// a crash loses at most the last minute of them. Pulls of principals that the registry excludes do not count.
import { type AccountId, type Clock, type Digest, type Logger, type LoopService, loopService } from '@longshore/base';
import { sql, type Store, type View } from '@longshore/store';
import { findRegistryAccount } from './accounts.ts';
import { repositoryThing } from './names.ts';
import { isExcluded } from './pull-time-exclusions.ts';
import type { Repository } from './repository.ts';

export interface PullRecorder {
  /** `principal` is the ARN of who pulled. */
  record(repository: Pull['repository'], digest: Digest, principal: string): void;
  flush(): Promise<void>;
  readonly service: LoopService;
}

interface Pull {
  readonly repository: Pick<Repository, 'id' | 'account' | 'name'>;
  readonly digest: Digest;
  readonly principal: string;
  readonly at: number;
}

const everyMs = 60_000;
const batch = 100;
/** Images and pullers remembered between two rounds; beyond it, pulls of further ones are not recorded. */
const maxPending = 50_000;

export function createPullRecorder(parts: {
  readonly store: View & Pick<Store, 'write'>;
  readonly clock: Clock;
  readonly log: Logger;
}): PullRecorder {
  const { store, clock } = parts;
  const pending = new Map<string, Pull>();

  /** The principals that the registries of these pulls exclude. */
  async function exclusionsOf(pulls: readonly Pull[]): Promise<Map<AccountId, ReadonlySet<string>>> {
    const found = new Map<AccountId, ReadonlySet<string>>();
    for (const { repository } of pulls) {
      const { account } = repository;
      if (found.has(account)) continue;
      const { settings } = await findRegistryAccount(store, account);
      found.set(account, new Set((settings.pullTimeExclusions ?? []).map((each) => each.principalArn)));
    }
    return found;
  }

  /** Writes what is pending now: what is pulled meanwhile is for the next time, or under steady pulls this would not end. */
  async function flush(): Promise<void> {
    const all = [...pending];
    for (let i = 0; i < all.length; i += batch) {
      const taken = all.slice(i, i + batch);
      const excluded = await exclusionsOf(taken.map(([, pull]) => pull));
      const steps = taken
        .map(([, pull]) => pull)
        .filter((pull) => !isExcluded(excluded.get(pull.repository.account) ?? new Set(), pull.principal))
        .map((pull) => ({
          sql: sql`UPDATE registry_manifests SET pulled_at = ${pull.at}
            WHERE repository = ${pull.repository.id} AND digest = ${pull.digest}
              AND (pulled_at IS NULL OR pulled_at < ${pull.at})`,
          within: repositoryThing(pull.repository),
        }));
      if (steps.length > 0) await store.write(steps);
      for (const [key, pull] of taken) if (pending.get(key) === pull) pending.delete(key);
    }
  }

  const loop = loopService({ id: 'registry/pull-times', everyMs, log: parts.log, clock, step: flush });
  return {
    record(repository, digest, principal) {
      const key = `${repository.id} ${digest} ${principal}`;
      if (pending.size >= maxPending && !pending.has(key)) return;
      pending.set(key, { repository, digest, principal, at: clock.now() });
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

// A bounded cache of loaded values. A value is at most `maxAgeMs` old; `forget` takes effect at once, also for loads
// that are under way (they answer their own callers, whose request began before, but are not kept). Undefined, which
// stands for «not there», is never kept, so that guessed keys neither fill the cache nor hide what is made later.
import type { Clock } from '@longshore/base';

export interface LoadingCache<T> {
  get(key: string): Promise<T>;
  forget(key: string): void;
}

export interface LoadingCacheOptions<T> {
  readonly clock: Clock;
  readonly maxAgeMs: number;
  readonly maxEntries: number;
  readonly load: (key: string) => Promise<T>;
}

interface Entry<T> {
  readonly value: Promise<T>;
  readonly loadedAt: number;
}

export function createLoadingCache<T>(options: LoadingCacheOptions<T>): LoadingCache<T> {
  // Insertion order is age order: an entry is never refreshed in place.
  const entries = new Map<string, Entry<T>>();

  function start(key: string, now: number): Promise<T> {
    // Age counts from before the load, so that a slow load is not kept longer.
    const entry: Entry<T> = { value: options.load(key), loadedAt: now };
    entries.delete(key);
    entries.set(key, entry);
    const drop = () => {
      if (entries.get(key) === entry) entries.delete(key);
    };
    entry.value.then((value) => value === undefined && drop(), drop);
    for (const oldest of entries.keys()) {
      if (entries.size <= options.maxEntries) break;
      entries.delete(oldest);
    }
    return entry.value;
  }

  return {
    get(key) {
      const now = options.clock.now();
      const entry = entries.get(key);
      const age = entry ? now - entry.loadedAt : Number.POSITIVE_INFINITY;
      return entry && age >= 0 && age < options.maxAgeMs ? entry.value : start(key, now);
    },
    forget(key) {
      entries.delete(key);
    },
  };
}

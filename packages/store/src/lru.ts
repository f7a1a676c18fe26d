// A small bounded map that forgets what was used longest ago.

export interface Lru<V> {
  /** The value of `key`, made (and kept) by `make` if it is not there. */
  get(key: string, make: (key: string) => V): V;
  readonly size: number;
}

export function lru<V>(limit: number): Lru<V> {
  const entries = new Map<string, V>();
  return {
    get(key, make) {
      const found = entries.get(key);
      if (found !== undefined) {
        // Moving an entry to the young end costs more than a read; it is worth it only when the map is filling up.
        if (entries.size * 2 > limit) {
          entries.delete(key);
          entries.set(key, found);
        }
        return found;
      }
      const made = make(key);
      if (entries.size >= limit) {
        const oldest = entries.keys().next();
        if (!oldest.done) entries.delete(oldest.value);
      }
      entries.set(key, made);
      return made;
    },
    get size() {
      return entries.size;
    },
  };
}

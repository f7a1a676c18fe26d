// What was read since the last write to the tables that it comes from. While nothing is written to them, reading again would give
// the same; with the next write all of it is forgotten. Where the store cannot tell (`Store.revision`), nothing is kept.
import type { Store } from '@longshore/store';

export interface RevisionMemory<T> {
  get(key: string): T | undefined;
  /** Reads, and keeps what `sizeOf` gives a size for, unless something was written meanwhile. */
  read(key: string, read: () => Promise<T>): Promise<T>;
  /** What is kept, else what is read. */
  recall(key: string, read: () => Promise<T>): Promise<T>;
}

export interface RevisionMemoryOptions<T> {
  /** Every table that is read from. */
  readonly tables: readonly string[];
  readonly mostEntries: number;
  readonly mostBytes: number;
  /** Bytes that keeping the value takes; undefined if it is not to be kept. */
  readonly sizeOf: (value: T) => number | undefined;
}

export function createRevisionMemory<T>(
  store: Pick<Store, 'revision'>,
  { tables, mostEntries, mostBytes, sizeOf }: RevisionMemoryOptions<T>,
): RevisionMemory<T> {
  const kept = new Map<string, T>();
  let keptAt: number | undefined;
  let bytes = 0;

  function forget(): void {
    kept.clear();
    bytes = 0;
  }

  /** Forgets what is older than the last write. */
  function current(): number | undefined {
    const revision = store.revision(tables);
    if (revision !== undefined && revision !== keptAt) {
      forget();
      keptAt = revision;
    }
    return revision;
  }

  const get = (key: string) => (current() === undefined ? undefined : kept.get(key));

  async function read(key: string, load: () => Promise<T>): Promise<T> {
    const before = current();
    const value = await load();
    const size = sizeOf(value);
    if (before === undefined || size === undefined || current() !== before) return value;
    if (kept.size >= mostEntries || bytes + size > mostBytes) forget();
    kept.set(key, value);
    bytes += size;
    return value;
  }

  return { get, read, recall: async (key, load) => get(key) ?? read(key, load) };
}

// What was read since the last write to where it comes from: tables, and in them the rows of one account or repository. While
// nothing is written there, reading again would give the same. Where the store cannot tell (`Store.revision`), nothing is kept.
import type { Store } from '@longshore/store';
import { accountThing, type RepositoryRef, repositoryThing } from './names.ts';

/** What a value is read from. */
export interface Source {
  /** Every table. */
  readonly tables: readonly string[];
  /** As `Step.within`; left out, any row counts. */
  readonly within?: readonly string[];
}

/** The repository's own rows, and its account's. */
export function sourceOf(ref: RepositoryRef, tables: readonly string[]): Source {
  return { tables, within: [accountThing(ref.account), repositoryThing(ref)] };
}

export interface RevisionMemory<T> {
  /** `source` is the one that the value was read with. */
  get(key: string, source: Source): T | undefined;
  /** Reads, and keeps what `sizeOf` gives a size for, unless something was written meanwhile. */
  read(key: string, source: Source, read: () => Promise<T>): Promise<T>;
  /** What is kept, else what is read. */
  recall(key: string, source: Source, read: () => Promise<T>): Promise<T>;
}

export interface RevisionMemoryOptions<T> {
  readonly mostEntries: number;
  readonly mostBytes: number;
  /** Bytes that keeping the value takes; undefined if it is not to be kept. */
  readonly sizeOf: (value: T) => number | undefined;
}

interface Entry<T> {
  readonly value: T;
  readonly size: number;
  readonly revision: number;
}

export function createRevisionMemory<T>(
  store: Pick<Store, 'revision'>,
  { mostEntries, mostBytes, sizeOf }: RevisionMemoryOptions<T>,
): RevisionMemory<T> {
  const kept = new Map<string, Entry<T>>();
  let bytes = 0;

  function forget(key: string): void {
    bytes -= kept.get(key)?.size ?? 0;
    kept.delete(key);
  }

  function keep(key: string, entry: Entry<T>): void {
    forget(key);
    // The first keys of a map are those that were kept longest ago.
    for (const oldest of kept.keys()) {
      if (kept.size < mostEntries && bytes + entry.size <= mostBytes) break;
      forget(oldest);
    }
    kept.set(key, entry);
    bytes += entry.size;
  }

  const revisionOf = ({ tables, within }: Source) => store.revision(tables, within);

  function get(key: string, source: Source): T | undefined {
    const entry = kept.get(key);
    return entry !== undefined && entry.revision === revisionOf(source) ? entry.value : undefined;
  }

  async function read(key: string, source: Source, load: () => Promise<T>): Promise<T> {
    const revision = revisionOf(source);
    const value = await load();
    const size = sizeOf(value);
    const holds = revision !== undefined && revisionOf(source) === revision;
    if (holds && size !== undefined && size <= mostBytes) keep(key, { value, size, revision });
    return value;
  }

  return { get, read, recall: async (key, source, load) => get(key, source) ?? read(key, source, load) };
}

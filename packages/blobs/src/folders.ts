// Making folder entries durable. A rename or link survives a power cut only after its folder was synced; syncs of one folder
// that are asked for at the same time share one call.
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { folderMode } from './layout.ts';
import { syncFolder } from './upload-file.ts';

export interface Folders {
  /** Makes `path`, one level below a folder that exists, durable once resolved. */
  ensure(path: string): Promise<void>;
  /** Makes the entries that `path` has now durable. */
  sync(path: string): Promise<void>;
}

interface Syncing {
  readonly running: Promise<void>;
  next: Promise<void> | undefined;
}

export function createFolders(): Folders {
  const syncing = new Map<string, Syncing>();
  const ensured = new Map<string, Promise<void>>();

  function start(path: string): Promise<void> {
    const entry: Syncing = { running: syncFolder(path), next: undefined };
    syncing.set(path, entry);
    const clear = () => {
      if (entry.next === undefined) syncing.delete(path);
    };
    void entry.running.then(clear, clear);
    return entry.running;
  }

  function sync(path: string): Promise<void> {
    const entry = syncing.get(path);
    if (entry === undefined) return start(path);
    // The running sync may have begun before the caller's change, so wait for one that begins after it.
    const again = () => start(path);
    entry.next ??= entry.running.then(again, again);
    return entry.next;
  }

  async function make(path: string): Promise<void> {
    await mkdir(path, { mode: folderMode, recursive: true });
    await sync(dirname(path));
  }

  return {
    sync,
    ensure(path) {
      let made = ensured.get(path);
      if (made === undefined) {
        made = make(path);
        ensured.set(path, made);
        made.catch(() => ensured.delete(path));
      }
      return made;
    },
  };
}

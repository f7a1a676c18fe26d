// Syncing a file while it still grows, so that the disk is busy during an upload and little is left to write at its end:
// half as much time again for a large blob. Each sync takes a thread of Node's pool of four, so a store has few of them.
import type { OpenFile } from './upload-file.ts';

/** How many early syncs may run at once, in the whole store. */
export interface SyncSlots {
  take(): boolean;
  give(): void;
}

export interface EarlySync {
  /** Called for each write with the file's size after it. Begins a sync after `write` if enough has come since the last. */
  wrote(write: Promise<void>, size: number): void;
  /** Waits until nothing runs. Throws if a sync failed: the system reports that once, so a later sync may not. */
  end(): Promise<void>;
}

const everyBytes = 8 * 1024 * 1024;

export function createSyncSlots(count = 2): SyncSlots {
  let free = count;
  return {
    take() {
      if (free === 0) return false;
      free -= 1;
      return true;
    },
    give() {
      free += 1;
    },
  };
}

export function createEarlySync(file: Pick<OpenFile, 'datasync'>, start: number, slots: SyncSlots): EarlySync {
  let syncedTo = start;
  let running: Promise<void> | undefined;
  let failure: { readonly error: unknown } | undefined;

  async function syncAfter(write: Promise<void>): Promise<void> {
    try {
      await write;
      await file.datasync();
    } catch (error) {
      failure ??= { error };
    } finally {
      slots.give();
      running = undefined;
    }
  }

  return {
    wrote(write, size) {
      if (running !== undefined || size - syncedTo < everyBytes || !slots.take()) return;
      syncedTo = size;
      running = syncAfter(write);
    },
    async end() {
      await running;
      if (failure !== undefined) throw failure.error;
    },
  };
}

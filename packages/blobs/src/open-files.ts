// Blobs that are open for reading. What many clients ask for at once is opened once, and stays open for some seconds after its last
// reader: opening, measuring and closing a file costs more than to send a small layer. Blobs never change, so an open one is as good
// as a new one; a removed one is forgotten at once, and its space is free when its readers are done.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Digest } from '@longshore/base';
import { BlobNotFoundError } from './errors.ts';
import { isMissing } from './file-errors.ts';
import { type FileBytes, fileBytes } from './file-bytes.ts';
import type { Layout } from './layout.ts';
import { openCachedRead } from './page-cache.ts';

export interface OpenBlob extends FileBytes {
  readonly size: number;
}

export interface OpenFiles {
  /** Runs `work` on the open blob. Throws `BlobNotFoundError`, or what `work` throws. */
  use<T>(digest: Digest, work: (blob: OpenBlob) => Promise<T>): Promise<T>;
  /** The blob was removed: nobody gets it any more. */
  forget(digest: Digest): void;
  /** Closes the files that nobody reads; the others when they are done. */
  close(): Promise<void>;
}

interface Held {
  readonly file: Promise<FileHandle>;
  readonly blob: Promise<OpenBlob>;
  users: number;
  /** Since the last round. */
  used: boolean;
}

export interface OpenFilesOptions {
  /** A file that nobody uses stays open for one to two rounds of this length, in milliseconds. */
  readonly roundMs: number;
  /** Files without a user that stay open, at most. */
  readonly mostIdle: number;
}

const defaults: OpenFilesOptions = { roundMs: 2_000, mostIdle: 128 };

export function createOpenFiles(layout: Pick<Layout, 'blob'>, options: OpenFilesOptions = defaults): OpenFiles {
  const cached = openCachedRead();
  const held = new Map<Digest, Held>();
  const closing = new Set<Promise<void>>();
  let idle = 0;
  let round: NodeJS.Timeout | undefined;

  function end({ file }: Held): void {
    // One that could not be opened has told its users.
    const closed = file.then((each) => each.close()).catch(() => undefined);
    closing.add(closed);
    void closed.finally(() => closing.delete(closed));
  }

  function forget(digest: Digest): void {
    const entry = held.get(digest);
    if (!entry) return;
    held.delete(digest);
    if (entry.users > 0) return;
    idle -= 1;
    end(entry);
  }

  function closeIdle(): void {
    round = undefined;
    for (const [digest, entry] of held) {
      if (entry.users === 0 && !entry.used) forget(digest);
      entry.used = false;
    }
    if (held.size > 0) round = setTimeout(closeIdle, options.roundMs).unref();
  }

  function begin(digest: Digest): Held {
    const file = open(layout.blob(digest), constants.O_RDONLY | constants.O_NOFOLLOW);
    const blob = file.then(
      async (opened) => ({ ...fileBytes(opened, cached), size: (await opened.stat()).size }),
      (error: unknown) => {
        throw isMissing(error) ? new BlobNotFoundError(digest) : error;
      },
    );
    const entry: Held = { file, blob, users: 0, used: true };
    held.set(digest, entry);
    idle += 1;
    // What could not be opened is tried anew by the next.
    blob.catch(() => {
      if (held.get(digest) === entry) forget(digest);
    });
    round ??= setTimeout(closeIdle, options.roundMs).unref();
    return entry;
  }

  return {
    async use(digest, work) {
      const entry = held.get(digest) ?? begin(digest);
      entry.used = true;
      if (entry.users === 0) idle -= 1;
      entry.users += 1;
      try {
        return await work(await entry.blob);
      } finally {
        entry.users -= 1;
        if (entry.users === 0) {
          const kept = held.get(digest) === entry;
          if (kept) idle += 1;
          if (!kept) end(entry);
          else if (idle > options.mostIdle) forget(digest);
        }
      }
    },
    forget,
    async close() {
      clearTimeout(round);
      for (const digest of held.keys()) forget(digest);
      await Promise.all(closing);
    },
  };
}

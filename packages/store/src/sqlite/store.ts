// The embedded store: one writer thread, and reads on a connection of the calling thread.
import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { errorText, type Logger, UserError } from '@longshore/base';
import { translateForSqlite } from '../dialect.ts';
import { StoreError } from '../errors.ts';
import { type FileLock, lockFile } from '../lock.ts';
import { applyMigrations } from '../migrate.ts';
import type { Sql } from '../sql.ts';
import type { Migration, Row, Step, Store, View } from '../types.ts';
import { updateWith } from '../update.ts';
import { type Connection, connect } from './driver.ts';
import { createRevisions } from './revisions.ts';
import { startWriter, type Writer } from './writer.ts';

interface Opened {
  readonly lock: FileLock;
  readonly writer: Writer;
  readonly reader: Connection;
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

async function openFile(path: string, log: Logger): Promise<Opened> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const lock = lockFile(path, `The database ${path}`);
  try {
    const writer = await startWriter(path, log);
    try {
      syncFolder(dirname(path));
      return { lock, writer, reader: connect(path, { readOnly: true, timeoutMs: 5_000 }) };
    } catch (error) {
      await writer.close();
      throw error;
    }
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Opens the database file at `file`, and makes it and its folder if they are missing. Throws UserError if it cannot. */
export async function openSqliteStore(file: string, log: Logger): Promise<Store> {
  const path = resolve(file);
  const { lock, writer, reader } = await openFile(path, log).catch((error: unknown) => {
    if (error instanceof UserError) throw error;
    throw new UserError(`The database ${path} cannot be opened: ${errorText(error)}.`);
  });
  let open = true;
  let migrating: Promise<unknown> = Promise.resolve();
  let closed: Promise<void> | undefined;

  function read<T>(query: (connection: Connection) => T): T {
    if (!open) throw new StoreError('closed');
    try {
      return query(reader);
    } catch (error) {
      throw error instanceof TypeError ? error : new StoreError('refused', errorText(error), error);
    }
  }

  const view: View = {
    all: async <T extends object = Row>(q: Sql) => read((c) => c.all(q.text, q.params)) as T[],
    get: async <T extends object = Row>(q: Sql) => read((c) => c.get(q.text, q.params)) as T | undefined,
  };
  const revisions = createRevisions();
  const write = async (steps: readonly Step[]) => {
    if (steps.length === 0) return [];
    const end = revisions.begin(steps);
    try {
      return await writer.write(steps);
    } finally {
      end();
    }
  };

  async function shut(): Promise<void> {
    open = false;
    // The writer goes last: the last connection to close moves the log into the database file and removes it.
    reader.close();
    await writer.close();
    lock.release();
  }

  return Object.freeze({
    kind: 'sqlite' as const,
    ...view,
    write,
    // This process alone has the file open. While a write is under way, readers may or may not see it.
    revision: (tables?: readonly string[], within?: readonly string[]) => revisions.of(tables, within),
    update: updateWith(view, write),
    migrate(migrations: readonly Migration[]) {
      // Only this process has the file open, so taking turns within it is enough.
      const turn = migrating.then(() => applyMigrations({ ...view, write }, migrations, translateForSqlite));
      migrating = turn.catch(() => undefined);
      return turn;
    },
    close() {
      closed ??= shut();
      return closed;
    },
  });
}

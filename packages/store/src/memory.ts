// A store in this thread's memory, over the same SQL and the same rules as the SQLite back end but without a thread or a
// file: everything happens in the calling thread, at moments that its user chooses. For simulations, which need the same
// order of events from the same seed, and a store that outlives the simulated processes that use it.
import { errorText } from '@longshore/base';
import { statementShape, translateForSqlite } from './dialect.ts';
import { StoreError } from './errors.ts';
import { lru } from './lru.ts';
import { applyMigrations } from './migrate.ts';
import type { Sql } from './sql.ts';
import { applyGroup } from './sqlite/apply.ts';
import { connect } from './sqlite/driver.ts';
import { errorOf, plain } from './sqlite/writer.ts';
import type { Migration, Row, Step, StepResult, Store, View } from './types.ts';
import { updateWith } from './update.ts';

/** When things happen: each is awaited. What never resolves never happens, as in a process that was killed. */
export interface Pace {
  read(): Promise<void>;
  /** Before a write is committed; a rejection means that it was not. */
  write(): Promise<void>;
  /** After it was committed and before it is acknowledged; a rejection means that it was, and its writer cannot know. */
  committed(steps: readonly Step[]): Promise<void>;
  /** The pause before a lost race is run again, in milliseconds. */
  pause(ms: number): Promise<void>;
}

export interface MemoryDatabase {
  /** A process's store. Any number may be open at once. */
  open(pace?: Pace): Store;
  /** Reads at once. */
  rows<T extends object = Row>(query: Sql): readonly T[];
  /** Forgets every row but the migrations', so that the next simulation need not make the tables again. */
  clear(): void;
  close(): void;
}

export async function openMemoryDatabase(migrations: readonly Migration[]): Promise<MemoryDatabase> {
  const connection = connect(':memory:', { readOnly: false, timeoutMs: 0 });
  connection.exec('PRAGMA foreign_keys = ON');
  const shapes = lru<number>(1000);
  const countOf = (text: string) => shapes.get(text, (each) => statementShape(each).params);
  let last = 0;
  let closed = false;
  let migrating: Promise<unknown> = Promise.resolve();

  function read<T>(query: () => T): T {
    try {
      return query();
    } catch (error) {
      throw error instanceof TypeError ? error : new StoreError('refused', errorText(error), error);
    }
  }

  function commit(steps: readonly Step[]): readonly StepResult[] {
    const batch = { id: ++last, steps: steps.map((step) => plain(step, countOf(step.sql.text))) };
    const [outcome] = applyGroup(connection, [batch]);
    if (outcome === undefined) throw new StoreError('closed');
    if ('failure' in outcome) throw errorOf(outcome.failure, steps);
    return outcome.results;
  }

  function open(pace?: Pace): Store {
    let usable = true;
    const check = () => {
      if (!usable || closed) throw new StoreError('closed');
    };
    const view: View = {
      async all<T extends object = Row>(query: Sql) {
        check();
        await pace?.read();
        return read(() => connection.all(query.text, query.params)) as T[];
      },
      async get<T extends object = Row>(query: Sql) {
        check();
        await pace?.read();
        return read(() => connection.get(query.text, query.params)) as T | undefined;
      },
    };
    async function write(steps: readonly Step[]): Promise<readonly StepResult[]> {
      if (steps.length === 0) return [];
      check();
      // As with the writer's thread: what the caller does to its buffers afterwards changes nothing.
      const kept = steps.map((step) => ({ ...step, sql: plainSql(step) }));
      await pace?.write();
      const results = commit(kept);
      await pace?.committed(steps);
      return results;
    }
    const plainSql = (step: Step): Sql => {
      const { text, params } = plain(step, countOf(step.sql.text));
      return { text, params };
    };
    return Object.freeze({
      kind: 'sqlite' as const,
      revision: () => undefined,
      ...view,
      write,
      ...(pace ? { pause: pace.pause } : {}),
      update: updateWith(view, write, pace?.pause),
      migrate(more: readonly Migration[]) {
        const turn = migrating.then(() => applyMigrations({ ...view, write }, more, translateForSqlite));
        migrating = turn.catch(() => undefined);
        return turn;
      },
      async close() {
        usable = false;
      },
    });
  }

  await open().migrate(migrations);
  return {
    open,
    rows: <T extends object = Row>(query: Sql) => connection.all(query.text, query.params) as T[],
    clear() {
      const tables = connection.all(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('store_migrations', 'sqlite_schema')",
        [],
      );
      connection.exec('PRAGMA foreign_keys = OFF');
      for (const { name } of tables) connection.exec(`DELETE FROM "${String(name)}"`);
      connection.exec('PRAGMA foreign_keys = ON');
    },
    close() {
      closed = true;
      connection.close();
    },
  };
}

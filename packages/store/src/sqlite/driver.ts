// The only file that names `node:sqlite`: connections with a bounded cache of prepared statements.
import type * as Sqlite from 'node:sqlite';
import { plannedOnce, statementShape } from '../dialect.ts';
import { type Lru, lru } from '../lru.ts';
import { checkParams } from '../params.ts';
import type { SqlValue } from '../sql.ts';
import type { Row, StepResult } from '../types.ts';

const statementLimit = 500;

/** One connection. Everything is synchronous and throws what SQLite says. */
export interface Connection {
  /** Runs text that takes no parameters and gives no rows. */
  exec(text: string): void;
  /** Runs one statement; with rows (SELECT, RETURNING) `changes` is their number. */
  run(text: string, params: readonly SqlValue[]): StepResult;
  all(text: string, params: readonly SqlValue[]): Row[];
  get(text: string, params: readonly SqlValue[]): Row | undefined;
  readonly inTransaction: boolean;
  close(): void;
}

interface Prepared {
  readonly statement: Sqlite.StatementSync;
  readonly params: number;
  readonly givesRows: boolean;
}

export interface OpenOptions {
  readonly readOnly: boolean;
  /** How long to wait for another connection's lock, in milliseconds. */
  readonly timeoutMs: number;
}

/**
 * Loads the module without its ExperimentalWarning (Node 24 prints one in some releases): it would be noise in every
 * terminal. Other warnings pass.
 */
function loadSqlite(): typeof Sqlite {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = (warning: string | Error, ...rest: unknown[]) => {
    if (String(warning).includes('SQLite is an experimental feature')) return;
    Reflect.apply(emitWarning, undefined, [warning, ...rest]);
  };
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}

// Numbers are bound as REAL; whole ones go as integers, so that `?` divides and concatenates as in PostgreSQL.
function bindable(params: readonly SqlValue[]): (string | bigint | number | null | Uint8Array)[] {
  return params.map((value) => (Number.isSafeInteger(value) ? BigInt(value as number) : value));
}

function prepare(database: Sqlite.DatabaseSync, text: string): Prepared {
  const { params } = statementShape(text);
  const statement = database.prepare(plannedOnce(text));
  return { statement, params, givesRows: statement.columns().length > 0 };
}

/** Opens (and, unless read-only, creates) the database file at `path`. */
export function connect(path: string, options: OpenOptions): Connection {
  const { DatabaseSync } = loadSqlite();
  const database = new DatabaseSync(path, { readOnly: options.readOnly, timeout: options.timeoutMs });
  const statements: Lru<Prepared> = lru(statementLimit);
  const prepared = (text: string, params: readonly SqlValue[]) => {
    const found = statements.get(text, (missing) => prepare(database, missing));
    checkParams(text, params, found.params);
    return found;
  };
  return {
    exec: (text) => database.exec(text),
    run(text, params) {
      const { statement, givesRows } = prepared(text, params);
      if (!givesRows) return { changes: Number(statement.run(...bindable(params)).changes), rows: [] };
      const rows = statement.all(...bindable(params)) as Row[];
      return { changes: rows.length, rows };
    },
    all: (text, params) => prepared(text, params).statement.all(...bindable(params)) as Row[],
    get: (text, params) => prepared(text, params).statement.get(...bindable(params)) as Row | undefined,
    get inTransaction() {
      return database.isTransaction;
    },
    close: () => database.close(),
  };
}

/** SQLite's extended result code of an error it threw (https://sqlite.org/rescode.html), or undefined. */
export function resultCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === 'number' ? code : undefined;
}

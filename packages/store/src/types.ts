// The nouns of the store: views read, updates write. A write is a list of steps that happen all or not at all; it is
// acknowledged after it is durable. Rows carry a version; a step says how many rows it must change, so that planning
// happens outside the transaction (compare and set) and only finished steps travel to the writer.
import type { Sql, SqlValue } from './sql.ts';

export type Row = Record<string, SqlValue>;

/** Reads. On SQLite every read sees all writes acknowledged before it; on PostgreSQL likewise (one primary). */
export interface View {
  all<T extends object = Row>(query: Sql): Promise<T[]>;
  get<T extends object = Row>(query: Sql): Promise<T | undefined>;
}

export interface Step {
  readonly sql: Sql;
  /** Rows that must be changed (or returned, with RETURNING); another number fails the whole write. */
  readonly expect?: number;
  /**
   * What a failed `expect` or a violated unique or foreign key means: an error to throw from `write`. Left out, it is a
   * `ConflictError`, which makes `update` plan again.
   */
  readonly otherwise?: () => Error;
  /**
   * Every row that the step changes belongs to this thing (a name that the domain chooses), so that `Store.revision` of
   * other things stays what it is. Left out: rows of anything.
   */
  readonly within?: string;
}

export interface StepResult {
  readonly changes: number;
  /** The rows of a RETURNING clause. */
  readonly rows: readonly Row[];
}

export interface Update<T> {
  readonly steps: readonly Step[];
  readonly result: T;
}

export interface Store extends View {
  readonly kind: 'sqlite' | 'postgres';
  /** Applies the steps in one transaction and resolves after it is durable. Rejects with nothing written. */
  write(steps: readonly Step[]): Promise<readonly StepResult[]>;
  /**
   * Two equal numbers: nothing was written between them, so that what was read after the first still holds at the second.
   * Undefined if that cannot be known now: a write is under way, or other processes may write (PostgreSQL). With `tables`
   * (in lower case), only what is written to these counts; rows that go by ON DELETE CASCADE count for the table that
   * the statement names alone. With `within` too, steps within other things do not count (`Step.within`).
   */
  revision(tables?: readonly string[], within?: readonly string[]): number | undefined;
  /**
   * Reads, plans and writes with optimistic concurrency: `plan` runs again (up to 20 times, with jitter) when the write
   * ends in a `ConflictError`. `plan` must have no effects of its own.
   */
  update<T>(plan: (view: View) => Promise<Update<T>>): Promise<T>;
  /** How `update` waits before it runs a plan again; of the system's clock if left out. */
  readonly pause?: (ms: number) => Promise<void>;
  /** Applies what is missing, in order; refuses a database that has migrations this program does not know. */
  migrate(migrations: readonly Migration[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * One change of the schema, applied once. Statements are written for both back ends with these types:
 * `KEY` (text in byte order), `TEXT`, `BIGINT`, `DOUBLE PRECISION`, `BYTES`, and `id IDENTITY` for a primary key that the
 * database numbers. Booleans are BIGINT 0/1, times BIGINT in milliseconds, documents TEXT holding JSON. The words are
 * written in capitals. One statement a string.
 */
export interface Migration {
  /** `<package>/<three digits>-<name>`, e.g. `registry/001-core`. */
  readonly id: string;
  readonly statements: readonly string[];
}

/** Another writer was first; `Store.update` plans again. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError';
  /** The index of the step that failed, or -1. */
  readonly step: number;

  constructor(step: number, detail: string) {
    super(`The write lost a race at step ${step}: ${detail}`);
    this.step = step;
  }
}

/** A change of state that others may want to know of; written in the same transaction as the change. */
export interface OutboxEvent {
  /** Who says it, in EventBridge's form: `aws.ecr`, `aws.ecs`, `longshore`. */
  readonly source: string;
  /** EventBridge's detail-type, e.g. `ECR Image Action`, `ECS Task State Change`. */
  readonly detailType: string;
  readonly account: string;
  readonly region: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** ARNs. */
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

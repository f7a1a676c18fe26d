// What replicas tell each other of ECS Exec's sessions, in the store: sessions that wait for their client, and calls for an
// agent that another replica is connected to. Each row is taken by deleting it, so by one replica only.
import { ConflictError, type Migration, sql, type Step, type Store, type View } from '@longshore/store';
import { readDocument, writeDocument } from '../documents.ts';
import type { ExecOrder } from './sessions.ts';

export const execMigration: Migration = {
  id: 'containers/011-exec-sessions',
  statements: [
    // A session that waits has the hash of its token; a call has the URL of the replica that wants the agent.
    `CREATE TABLE ecs_exec_sessions (
      id KEY PRIMARY KEY, status KEY NOT NULL, token_hash KEY NOT NULL, endpoint TEXT NOT NULL,
      due_at BIGINT NOT NULL, document TEXT NOT NULL)`,
  ],
};

export interface ExecRow {
  readonly id: string;
  readonly status: 'WAITING' | 'CALL';
  readonly tokenHash: string;
  readonly endpoint: string;
  /** Of no use after it. */
  readonly dueAt: number;
  readonly order: ExecOrder;
}

interface StoredRow {
  readonly id: string;
  readonly status: ExecRow['status'];
  readonly token_hash: string;
  readonly endpoint: string;
  readonly due_at: number;
  readonly document: string;
}

function read(row: StoredRow): ExecRow {
  const { id, status, endpoint } = row;
  return {
    id,
    status,
    endpoint,
    tokenHash: row.token_hash,
    dueAt: Number(row.due_at),
    order: readDocument<ExecOrder>(row.document),
  };
}

export function insertRow(row: ExecRow): Step {
  return {
    sql: sql`INSERT INTO ecs_exec_sessions (id, status, token_hash, endpoint, due_at, document)
      VALUES (${row.id}, ${row.status}, ${row.tokenHash}, ${row.endpoint}, ${row.dueAt}, ${writeDocument(row.order)})`,
    expect: 1,
  };
}

export async function waitingCount(view: View): Promise<number> {
  return Number((await view.get<{ n: number }>(sql`SELECT COUNT(*) AS n FROM ecs_exec_sessions`))?.n ?? 0);
}

/** What replicas are called for, and what is of no use any more. */
export async function callsAndRemains(view: View, now: number): Promise<ExecRow[]> {
  const rows = await view.all<StoredRow>(
    sql`SELECT id, status, token_hash, endpoint, due_at, document FROM ecs_exec_sessions
      WHERE status = 'CALL' OR due_at <= ${now} LIMIT 1000`,
  );
  return rows.map(read);
}

/** Takes the session that waits; undefined if there is none, or not any more. */
export async function takeWaiting(store: Store, id: string, now: number): Promise<ExecRow | undefined> {
  const row = await store.get<StoredRow>(
    sql`SELECT id, status, token_hash, endpoint, due_at, document FROM ecs_exec_sessions
      WHERE id = ${id} AND status = 'WAITING' AND due_at > ${now}`,
  );
  return row && (await takeRow(store, read(row))) ? read(row) : undefined;
}

/** False if another replica has taken it. */
export async function takeRow(store: Store, row: ExecRow): Promise<boolean> {
  try {
    await store.write([
      { sql: sql`DELETE FROM ecs_exec_sessions WHERE id = ${row.id} AND status = ${row.status}`, expect: 1 },
    ]);
    return true;
  } catch (error) {
    if (error instanceof ConflictError) return false;
    throw error;
  }
}

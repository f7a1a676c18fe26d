// Groups and streams as the store has them.
import { type Step, sql, type View } from '@longshore/store';
import { logErrors } from './errors.ts';

export interface GroupRow {
  readonly id: string;
  readonly account: string;
  readonly name: string;
  /** Null: events never expire. */
  readonly retention_days: number | null;
  /** JSON of a map. */
  readonly tags: string;
  readonly created_at: number;
  readonly version: number;
}

export interface StreamRow {
  readonly id: string;
  readonly group_id: string;
  readonly name: string;
  readonly next_segment: number;
  readonly first_event_at: number | null;
  readonly last_event_at: number | null;
  readonly last_ingestion_at: number | null;
  /** Bytes of the events as they came, with 26 for each. */
  readonly stored_bytes: number;
  readonly created_at: number;
  readonly version: number;
}

export const groupColumns = sql`id, account, name, retention_days, tags, created_at, version`;
export const streamColumns = sql`id, group_id, name, next_segment, first_event_at, last_event_at, last_ingestion_at,
  stored_bytes, created_at, version`;

/** Throws ResourceNotFoundException. */
export async function requireGroup(view: View, account: string, name: string): Promise<GroupRow> {
  const row = await view.get<GroupRow>(
    sql`SELECT ${groupColumns} FROM log_groups WHERE account = ${account} AND name = ${name}`,
  );
  if (!row) throw logErrors.noGroup();
  return row;
}

/** Throws ResourceNotFoundException. */
export async function requireStream(view: View, group: GroupRow, name: string): Promise<StreamRow> {
  const row = await view.get<StreamRow>(
    sql`SELECT ${streamColumns} FROM log_streams WHERE group_id = ${group.id} AND name = ${name}`,
  );
  if (!row) throw logErrors.noStream();
  return row;
}

/** Changes a group's row; fails with a conflict if another change came between. */
export function changeGroup(group: GroupRow, change: Partial<Pick<GroupRow, 'retention_days' | 'tags'>>): Step {
  const next = { ...group, ...change };
  return {
    sql: sql`UPDATE log_groups SET retention_days = ${next.retention_days}, tags = ${next.tags},
      version = ${group.version + 1} WHERE id = ${group.id} AND version = ${group.version}`,
    expect: 1,
  };
}

/** Makes a step fail if the group was deleted since it was read: its version is raised by nobody else than its owner. */
export function groupStands(group: GroupRow): Step {
  return { sql: sql`UPDATE log_groups SET id = id WHERE id = ${group.id}`, expect: 1 };
}

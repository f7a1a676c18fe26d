// The loop that removes what a group's retention no longer keeps: whole segments, once their newest event is too old.
import { loopService, type Service } from '@longshore/base';
import { sql } from '@longshore/store';
import type { LogsCore } from './core.ts';

const everyMs = 10 * 60_000;
const dayMs = 24 * 3_600_000;
const batch = 500;

interface Expired {
  readonly stream_id: string;
  readonly number: number;
  readonly raw_bytes: number;
}

/** Removes one batch of what has expired; whether there may be more. */
async function removeBatch(core: LogsCore, group: string, before: number): Promise<boolean> {
  const expired = await core.store.all<Expired>(
    sql`SELECT stream_id, number, raw_bytes FROM log_segments WHERE group_id = ${group} AND max_time < ${before} LIMIT ${batch}`,
  );
  if (expired.length === 0) return false;
  await core.store.write(
    expired.flatMap(({ stream_id: stream, number, raw_bytes: bytes }) => [
      { sql: sql`DELETE FROM log_segments WHERE stream_id = ${stream} AND number = ${number}`, expect: 1 },
      { sql: sql`UPDATE log_streams SET stored_bytes = stored_bytes - ${bytes} WHERE id = ${stream}` },
    ]),
  );
  return expired.length === batch;
}

export function logRetention(core: LogsCore): Service {
  const { store, clock, log } = core;
  return loopService({
    id: 'logs/retention',
    everyMs,
    log,
    clock,
    async step({ signal }) {
      const groups = await store.all<{ id: string; retention_days: number }>(
        sql`SELECT id, retention_days FROM log_groups WHERE retention_days IS NOT NULL`,
      );
      for (const { id, retention_days: days } of groups)
        while (!signal.aborted && (await removeBatch(core, id, clock.now() - Number(days) * dayMs)));
    },
  });
}

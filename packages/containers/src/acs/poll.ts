// The slow way to a delivery: one indexed query for all sessions of this replica. It is what makes several replicas work
// on one PostgreSQL, and what repairs a wake-up that was lost.
import { type LoopService, loopService } from '@longshore/base';
import { sql } from '@longshore/store';
import type { Core } from '../core.ts';
import type { AcsHub } from './hub.ts';

const everyMs = 2_000;
/** Every so many rounds it also looks whether another replica has taken a session's place. */
const roundsPerCheck = 5;

export function deliveryPoll(core: Core, hub: AcsHub): LoopService {
  let round = 0;
  return loopService({
    id: 'container task delivery',
    everyMs,
    log: core.log,
    clock: core.clock,
    async step() {
      const connections = hub.connections();
      if (connections.size === 0) return;
      const rows = await core.store.all<{ instance_arn: string }>(
        sql`SELECT DISTINCT instance_arn FROM ecs_tasks WHERE undelivered = 1`,
      );
      for (const row of rows) hub.wake(row.instance_arn);
      if (++round % roundsPerCheck !== 0) return;
      const mine = await core.store.all<{ arn: string; connection_id: string }>(
        sql`SELECT arn, connection_id FROM ecs_instances WHERE replica = ${core.replica} AND connected = 1`,
      );
      const recorded = new Map(mine.map((row) => [row.arn, row.connection_id]));
      for (const [arn, id] of connections) if (recorded.get(arn) !== id) hub.drop(arn, id);
    },
  });
}

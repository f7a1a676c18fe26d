// The watch over instances: one indexed query a second for those whose agents stayed away too long. It also notices that
// the control plane itself was away (a start, or a process that stood still), and then gives every agent time to return.
import { type LoopService, loopService } from '@longshore/base';
import { sql, type Store } from '@longshore/store';
import type { AcsHub } from '../acs/hub.ts';
import { disconnectInstance } from '../acs/connection.ts';
import type { Core } from '../core.ts';
import { findInstances } from '../instances.ts';
import { loseInstance } from './lose.ts';
import { dropOrphans, othersAlive, sayAlive } from './replicas.ts';
import { type LivenessTimes, stoodStill } from './times.ts';

const everyMs = 1_000;
const aliveEveryMs = 10_000;
const batch = 100;

/** Nobody that is away now counts as lost before `due`. */
export async function giveTime(store: Store, due: number): Promise<void> {
  await store.write([
    {
      sql: sql`UPDATE ecs_instances SET lost_due = ${due}
        WHERE connected = 0 AND lost_at IS NULL AND lost_due IS NOT NULL AND lost_due < ${due}`,
    },
  ]);
}

/**
 * Before the first agent connects: what this replica left marked as connected is not. Unless other replicas were there
 * all the time, everybody who is away gets the time that finding a new control plane takes.
 */
export async function recoverConnections(core: Core, now: number): Promise<void> {
  const { store, replica, liveness } = core;
  const due = now + liveness.returnGraceMs;
  await store.write([
    {
      sql: sql`UPDATE ecs_instances SET connected = 0, lost_due = ${due}, version = version + 1
        WHERE replica = ${replica} AND connected = 1`,
    },
  ]);
  if (!(await othersAlive(store, replica, now))) await giveTime(store, due);
  await sayAlive(store, replica, now);
}

/** Rows that say "connected to this replica" although no session is: a disconnection that could not be written. */
async function repairOwn(core: Core, hub: AcsHub, suspects: ReadonlyMap<string, string>): Promise<Map<string, string>> {
  const rows = await core.store.all<{ arn: string; connection_id: string }>(
    sql`SELECT arn, connection_id FROM ecs_instances WHERE replica = ${core.replica} AND connected = 1`,
  );
  const open = hub.openConnections();
  const next = new Map<string, string>();
  const gone: string[] = [];
  for (const { arn, connection_id: id } of rows) {
    if (open.has(id)) continue;
    // Looked at twice: a session that is opening or closing just now mends it itself.
    if (suspects.get(arn) === id) gone.push(arn);
    else next.set(arn, id);
  }
  const now = core.clock.now();
  for (const instance of await findInstances(core.store, gone.slice(0, batch)))
    await disconnectInstance(core.store, instance, instance.connectionId, now, now + core.liveness.lostAfterMs);
  return next;
}

export function instanceWatch(core: Core, hub: AcsHub): LoopService {
  const { store, clock, log, replica } = core;
  const times: LivenessTimes = core.liveness;
  let last: number | undefined;
  let saidAlive = 0;
  let suspects = new Map<string, string>();

  async function roundAmongReplicas(now: number): Promise<void> {
    if (now - saidAlive < aliveEveryMs) return;
    saidAlive = now;
    await sayAlive(store, replica, now);
    const dropped = await dropOrphans(store, replica, now, now + times.returnGraceMs);
    if (dropped > 0) log.warn({ instances: dropped }, 'a replica of the control plane is gone');
    suspects = await repairOwn(core, hub, suspects);
  }

  return loopService({
    id: 'container instance watch',
    everyMs,
    log,
    clock,
    async step({ signal }) {
      const now = clock.now();
      if (last !== undefined && stoodStill(times, now - last)) {
        log.warn({ ms: now - last }, 'the control plane stood still; agents get time to return');
        await giveTime(store, now + times.returnGraceMs);
      }
      last = now;
      await roundAmongReplicas(now);
      const due = await store.all<{ arn: string }>(
        sql`SELECT arn FROM ecs_instances WHERE lost_due <= ${now} AND lost_at IS NULL AND connected = 0
          AND status <> 'INACTIVE' ORDER BY lost_due LIMIT ${batch}`,
      );
      for (const { arn } of due) {
        if (signal.aborted) return;
        const lost = await loseInstance(store, arn, now);
        if (lost === undefined) continue;
        log.warn({ instance: arn }, 'an agent did not come back: its instance is lost');
        core.wakeKeeper();
      }
    },
  });
}

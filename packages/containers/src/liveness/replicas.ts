// Replicas of the control plane that share a store: each says every few seconds that it lives. One that has gone leaves
// instances marked as connected to it; the others take that back, with the grace of a control plane that was away.
import { sql, type Store } from '@longshore/store';
import { disconnectInstance } from '../acs/connection.ts';
import { findInstances } from '../instances.ts';

/** A replica that has not said so for this long is gone. */
export const replicaGoneMs = 30_000;
const batch = 200;

export async function sayAlive(store: Store, replica: string, now: number): Promise<void> {
  await store.write([
    {
      sql: sql`INSERT INTO ecs_replicas (replica, seen_at) VALUES (${replica}, ${now})
        ON CONFLICT (replica) DO UPDATE SET seen_at = excluded.seen_at`,
    },
  ]);
}

/** Whether another replica was alive a moment ago. */
export async function othersAlive(store: Store, replica: string, now: number): Promise<boolean> {
  const row = await store.get(
    sql`SELECT replica FROM ecs_replicas WHERE replica <> ${replica} AND seen_at > ${now - replicaGoneMs} LIMIT 1`,
  );
  return row !== undefined;
}

/** Disconnects a batch of instances whose replica is gone. Gives how many there were. */
export async function dropOrphans(store: Store, replica: string, now: number, lostDue: number): Promise<number> {
  const rows = await store.all<{ arn: string }>(
    sql`SELECT i.arn FROM ecs_instances i LEFT JOIN ecs_replicas r ON r.replica = i.replica
      WHERE i.connected = 1 AND i.replica <> ${replica} AND (r.seen_at IS NULL OR r.seen_at < ${now - replicaGoneMs})
      ORDER BY i.arn LIMIT ${batch}`,
  );
  const instances = await findInstances(
    store,
    rows.map((row) => row.arn),
  );
  for (const instance of instances) await disconnectInstance(store, instance, instance.connectionId, now, lostDue);
  return instances.length;
}

// An instance becomes lost: its row says so and its tasks are marked DISCONNECTED, in one write. Nothing else happens to
// them here: the service keeper replaces what belongs to services; other tasks wait for their agent, or for somebody who
// deregisters the instance by force. What they reserve stays reserved, because they may well be running.
import { sql, type Store } from '@longshore/store';
import { instanceEvent } from '../events.ts';
import { findInstance, type InstanceRecord } from '../instances.ts';
import { connectivitySteps } from './connectivity.ts';

/** Marks the instance lost if it still is to be. Gives it as it was, or undefined if it came back or is gone. */
export async function loseInstance(store: Store, arn: string, now: number): Promise<InstanceRecord | undefined> {
  return store.update(async (view) => {
    const instance = await findInstance(view, arn);
    const due = instance?.lostDue;
    const stays = instance === undefined || instance.connected || instance.status === 'INACTIVE';
    if (stays || instance.lostAt !== undefined || due === undefined || due > now)
      return { steps: [], result: undefined };
    const steps = [
      {
        // An agent that connects meanwhile raises the timeline: then it is looked at anew.
        sql: sql`UPDATE ecs_instances SET lost_at = ${now}, version = version + 1
          WHERE arn = ${arn} AND connected = 0 AND lost_at IS NULL AND timeline = ${instance.timeline}`,
        expect: 1,
      },
      instanceEvent(instance, now, { status: instance.status, connected: false }),
      ...(await connectivitySteps(view, arn, 'DISCONNECTED', now)),
    ];
    return { steps, result: instance };
  });
}

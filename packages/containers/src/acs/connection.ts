// The record of who is connected: a session writes its connection id into the instance's row and takes only that back, so
// that an old session's end never hides a new session.
import type { VersionInfo } from '@aws-sdk/client-ecs';
import { ConflictError, sql, type Store } from '@longshore/store';
import { writeDocument } from '../documents.ts';
import { instanceEvent } from '../events.ts';
import { findInstance, type InstanceRecord } from '../instances.ts';
import { connectivitySteps } from '../liveness/connectivity.ts';

/** Marks the instance connected. Its timeline grows with each connection. Undefined if it is INACTIVE or gone. */
export async function connectInstance(
  store: Store,
  arn: string,
  connection: { readonly id: string; readonly replica: string; readonly versions: VersionInfo },
  now: number,
): Promise<InstanceRecord | undefined> {
  return store.update(async (view) => {
    const instance = await findInstance(view, arn);
    if (instance === undefined || instance.status === 'INACTIVE') return { steps: [], result: undefined };
    // Seconds since the epoch as the floor: it grows even over a store that was set back to an older copy.
    const timeline = Math.max(instance.timeline + 1, Math.floor(now / 1000));
    const said = Object.entries(connection.versions).filter(([, value]) => value !== undefined);
    const versionInfo = { ...instance.document.versionInfo, ...Object.fromEntries(said) };
    const document = { ...instance.document, versionInfo };
    const steps = [
      {
        sql: sql`UPDATE ecs_instances SET document = ${writeDocument(document)}, connected = 1, connection_id = ${connection.id}, lost_due = NULL, lost_at = NULL,
            replica = ${connection.replica}, timeline = ${timeline}, version = version + 1
          WHERE arn = ${arn} AND timeline = ${instance.timeline} AND version = ${instance.version}
            AND status <> 'INACTIVE'`,
        expect: 1,
      },
      ...(instance.connected ? [] : [instanceEvent(instance, now, { status: instance.status, connected: true })]),
      ...(instance.lostAt === undefined ? [] : await connectivitySteps(view, arn, 'CONNECTED', now)),
    ];
    return { steps, result: { ...instance, document, timeline, connected: true, connectionId: connection.id } };
  });
}

/** Marks it disconnected, unless another session has taken its place. It counts as lost from `lostDue` on. */
export async function disconnectInstance(
  store: Store,
  instance: InstanceRecord,
  connectionId: string,
  now: number,
  lostDue: number,
): Promise<void> {
  try {
    await store.write([
      {
        sql: sql`UPDATE ecs_instances SET connected = 0, lost_due = ${lostDue}, version = version + 1
          WHERE arn = ${instance.arn} AND connection_id = ${connectionId} AND connected = 1`,
        expect: 1,
      },
      instanceEvent(instance, now, { status: instance.status, connected: false }),
    ]);
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
  }
}

// The alarms that a deployment watches: looked at only as long as it is under way.
import type { Core } from '../core.ts';
import type { ServiceRecord } from '../services/rows.ts';

/** Names of the service's alarms that ring; undefined where none are watched now. */
export async function ringingAlarms(
  core: Pick<Core, 'alarms'>,
  service: ServiceRecord,
): Promise<readonly string[] | undefined> {
  const { alarms, deployments } = service.document;
  if (core.alarms === undefined || !alarms?.enable || service.status !== 'ACTIVE') return undefined;
  if (deployments[0]?.rolloutState !== 'IN_PROGRESS') return undefined;
  const states = await core.alarms.alarmStates(service.account, alarms.names);
  return alarms.names.filter((name) => states.get(name) === 'ALARM');
}

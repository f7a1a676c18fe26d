// The alarms that a deployment watches: looked at only as long as it is under way.
import type { Core } from '../core.ts';
import type { ServiceRecord } from '../services/rows.ts';

export interface WatchedNow {
  /** Names of those that ring; undefined while that cannot be known. */
  readonly ringing: readonly string[] | undefined;
  /** How long the slowest of them needs to ring. */
  readonly bakeMs: number;
}

/** Undefined where none are watched now. */
export async function watchAlarms(core: Pick<Core, 'alarms'>, service: ServiceRecord): Promise<WatchedNow | undefined> {
  const { alarms, deployments } = service.document;
  if (core.alarms === undefined || !alarms?.enable || service.status !== 'ACTIVE') return undefined;
  if (deployments[0]?.rolloutState !== 'IN_PROGRESS') return undefined;
  const found = await core.alarms.find(service.account, alarms.names);
  if (found === undefined) return { ringing: undefined, bakeMs: 0 };
  return {
    ringing: alarms.names.filter((name) => found.get(name)?.state === 'ALARM'),
    bakeMs: Math.max(0, ...[...found.values()].map((each) => each.evaluationMs)),
  };
}

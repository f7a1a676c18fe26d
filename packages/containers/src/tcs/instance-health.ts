// What an agent says of its machine's health (the container runtime, accelerators, …), as the instance's row keeps it. Pure.
import type { HealthCheck, HealthState } from '../instances.ts';

export interface ReportedCheck {
  readonly type: string;
  readonly status: HealthState;
  readonly statusReason?: string | null | undefined;
  /** Seconds since the epoch. */
  readonly lastStatusChange?: number | null | undefined;
}

/** An unchanged state is written again only after this long: agents repeat themselves every minute. */
const refreshMs = 10 * 60_000;

/** The checks after a report; undefined if there is nothing to write. */
export function mergeHealth(
  known: readonly HealthCheck[],
  reported: readonly ReportedCheck[],
  now: number,
): readonly HealthCheck[] | undefined {
  const byType = new Map(known.map((each) => [each.type, each]));
  let changed = false;
  for (const each of reported) {
    const before = byType.get(each.type);
    const reason = each.statusReason || undefined;
    const same = before !== undefined && before.status === each.status && before.reason === reason;
    if (same && now - before.updatedAt < refreshMs) continue;
    changed = true;
    const told = each.lastStatusChange ? Math.round(each.lastStatusChange * 1000) : now;
    const changedAt = before?.status === each.status ? before.changedAt : Math.min(told, now);
    byType.set(each.type, { type: each.type, status: each.status, reason, updatedAt: now, changedAt });
  }
  return changed ? [...byType.values()].toSorted((a, b) => (a.type < b.type ? -1 : 1)) : undefined;
}

/** The worst of all checks, as ECS sums them up. */
export function overallHealth(checks: readonly Pick<HealthCheck, 'status'>[]): HealthState {
  const order: readonly HealthState[] = ['IMPAIRED', 'INSUFFICIENT_DATA', 'INITIALIZING', 'OK'];
  return order.find((state) => checks.some((each) => each.status === state)) ?? 'INSUFFICIENT_DATA';
}

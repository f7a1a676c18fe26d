// Targets' rows, and the pure plan that brings the targets of tasks to what they should be.
import { type Sql, type Step, sql, type View } from '@longshore/store';
import type { Target, TargetCondition } from './types.ts';

interface Row {
  readonly target_group_arn: string;
  readonly target_id: string;
  readonly port: number;
  readonly name: string;
  readonly owner: string;
  readonly address: string;
  readonly state: TargetCondition;
  readonly reason: string;
  readonly registered_at: number;
  readonly deregistered_at: number | null;
}

const columns: Sql = sql`target_group_arn, target_id, port, name, owner, address, state, reason, registered_at,
  deregistered_at`;

export async function findTargets(view: View, where: Sql): Promise<Target[]> {
  const rows = await view.all<Row>(
    sql`SELECT ${columns} FROM elb_targets WHERE ${where} ORDER BY target_group_arn, target_id, port`,
  );
  return rows.map((row) => ({
    groupArn: row.target_group_arn,
    id: row.target_id,
    port: row.port,
    name: row.name,
    owner: row.owner,
    address: row.address,
    state: row.state,
    reason: row.reason,
    registeredAt: row.registered_at,
    deregisteredAt: row.deregistered_at ?? undefined,
  }));
}

/** Registers it; one that is there, draining or of another owner, becomes this one. */
export function registerStep(target: Target): Step {
  return {
    sql: sql`INSERT INTO elb_targets (${columns}) VALUES (${target.groupArn}, ${target.id}, ${target.port},
        ${target.name}, ${target.owner}, ${target.address}, ${target.state}, ${target.reason}, ${target.registeredAt},
        ${target.deregisteredAt ?? null})
      ON CONFLICT (target_group_arn, target_id, port) DO UPDATE SET name = excluded.name, owner = excluded.owner,
        address = excluded.address, state = excluded.state, reason = excluded.reason,
        registered_at = excluded.registered_at, deregistered_at = excluded.deregistered_at`,
    expect: 1,
  };
}

export const inProgress = 'Target.DeregistrationInProgress';

/** From now on it drains. */
export function deregisterStep(target: Target, now: number): Step {
  return {
    sql: sql`UPDATE elb_targets SET state = 'draining', reason = ${inProgress}, deregistered_at = ${now}
      WHERE name = ${target.name} AND target_group_arn = ${target.groupArn} AND target_id = ${target.id}
        AND port = ${target.port} AND deregistered_at IS NULL`,
  };
}

/** It is gone, unless it was registered anew meanwhile. */
export function removeStep(target: Target): Step {
  return {
    sql: sql`DELETE FROM elb_targets WHERE name = ${target.name} AND target_group_arn = ${target.groupArn}
      AND target_id = ${target.id} AND port = ${target.port} AND deregistered_at IS NOT NULL`,
  };
}

export function stateStep(target: Target, state: TargetCondition, reason: string): Step {
  return {
    sql: sql`UPDATE elb_targets SET state = ${state}, reason = ${reason} WHERE name = ${target.name}
      AND target_group_arn = ${target.groupArn} AND target_id = ${target.id} AND port = ${target.port}
      AND deregistered_at IS NULL`,
  };
}

export interface WantedTarget {
  readonly groupArn: string;
  readonly id: string;
  readonly port: number;
  readonly owner: string;
  readonly address: string;
}

export interface TargetPlan {
  readonly register: readonly WantedTarget[];
  readonly drain: readonly Target[];
}

const keyOf = (target: Pick<Target, 'groupArn' | 'id' | 'port'>) => `${target.groupArn}\n${target.id}\n${target.port}`;

/** From the targets of tasks that there are to those that are wanted. Pure. Of two wanted for one place the later owner wins. */
export function planTargets(held: readonly Target[], wanted: readonly WantedTarget[]): TargetPlan {
  const wishes = new Map(wanted.map((each) => [keyOf(each), each]));
  const kept = new Set<string>();
  const drain: Target[] = [];
  for (const target of held) {
    if (target.deregisteredAt !== undefined) continue;
    const wish = wishes.get(keyOf(target));
    if (wish === undefined) drain.push(target);
    else if (wish.owner === target.owner && wish.address === target.address) kept.add(keyOf(target));
  }
  return { register: [...wishes].filter(([key]) => !kept.has(key)).map(([, wish]) => wish), drain };
}

// What was asked of a task's place: all of it while the task waits for an instance (PROVISIONING), the constraints afterwards.
// And the step that places one that waited.
import type { NetworkConfiguration, PlacementConstraint, PlacementStrategy } from '@aws-sdk/client-ecs';
import { type Step, sql, type View } from '@longshore/store';
import { writeDocument } from '../documents.ts';
import { compileConstraint } from '../placement/language/compile.ts';
import { readRules } from '../placement/rules.ts';
import type { Wishes } from '../placement/types.ts';
import { findTasks, type TaskRecord } from '../tasks.ts';

/** The wishes as a caller would write them; read again when the task is placed. */
export interface WaitingWishes {
  readonly constraints: readonly PlacementConstraint[];
  readonly strategy: readonly PlacementStrategy[];
  readonly networkConfiguration?: NetworkConfiguration | undefined;
}

export function writeWishes(rules: Wishes, networkConfiguration: NetworkConfiguration | undefined): WaitingWishes {
  return {
    ...(networkConfiguration && { networkConfiguration }),
    constraints: [
      ...(rules.distinctInstance ? [{ type: 'distinctInstance' as const }] : []),
      ...rules.memberOf.map((each) => ({ type: 'memberOf' as const, expression: each.text })),
    ],
    strategy: rules.strategies.map(({ type, field }) => (field === '' ? { type } : { type, field })),
  };
}

/** What stays with a task that has its place: the constraints, which say where else it could have run. */
export function keptConstraints(rules: Wishes): { readonly wishes?: WaitingWishes } {
  const wishes = writeWishes({ ...rules, strategies: [] }, undefined);
  return wishes.constraints.length === 0 ? {} : { wishes };
}

export function readWishes(wishes: WaitingWishes | undefined): Wishes {
  const constraints = wishes?.constraints ?? [];
  return {
    distinctInstance: constraints.some((each) => each.type === 'distinctInstance'),
    memberOf: constraints
      .filter((each) => each.type === 'memberOf')
      .map((each) => compileConstraint(each.expression ?? '')),
    strategies: readRules(undefined, wishes?.strategy).strategies,
  };
}

/** Tasks that wait, oldest first. */
export async function waitingTasks(view: View, limit: number): Promise<TaskRecord[]> {
  const where = sql`last_status = 'PROVISIONING' AND instance_arn = ''`;
  return (await findTasks(view, where, limit)).toSorted((a, b) => a.createdAt - b.createdAt);
}

/** The task gets its instance; a conflict if anything happened to it meanwhile. */
export function placeStep(before: TaskRecord, after: TaskRecord): Step {
  return {
    sql: sql`UPDATE ecs_tasks SET instance_arn = ${after.instanceArn}, last_status = 'PENDING',
        version = ${after.version}, document = ${writeDocument(after.document)}
      WHERE arn = ${before.arn} AND version = ${before.version} AND instance_arn = '' AND desired_status = 'RUNNING'`,
    expect: 1,
  };
}

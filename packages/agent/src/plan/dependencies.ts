// What a container waits for before it is made and before it starts (task definition: dependsOn, links, volumesFrom).
import type { AcsContainer, AcsTask } from '@longshore/aws';
import { progressOf } from '../task/record.ts';
import type { View } from './types.ts';

type Condition = 'START' | 'COMPLETE' | 'SUCCESS' | 'HEALTHY';

export interface Dependency {
  readonly on: string;
  readonly condition: Condition;
}

/** `met`, `waiting` (until `deadline`, if there is one), or `never` with the reason. */
export type Verdict =
  | { readonly is: 'met' }
  | { readonly is: 'waiting'; readonly deadline?: number | undefined }
  | { readonly is: 'never'; readonly reason: string };

/** What must hold before the container starts. A link needs the other running; volumesFrom needs it to have been made. */
export function startDependencies(container: AcsContainer): readonly Dependency[] {
  const links = (container.links ?? []).map((link) => ({ on: link.split(':')[0] ?? '', condition: 'START' as const }));
  const ordered = (container.dependsOn ?? []).map(({ containerName, condition }) => ({ on: containerName, condition }));
  return [...links, ...ordered];
}

/** The containers that must exist before this one can be made, because its options name them. */
export function createDependencies(container: AcsContainer): readonly string[] {
  return [
    ...(container.links ?? []).map((link) => link.split(':')[0] ?? ''),
    ...container.volumesFrom.map((from) => from.sourceContainer),
  ];
}

/** The containers whose end this one's stop must wait for: those that depend on it and have not ended. */
export function dependents(task: AcsTask, name: string): readonly string[] {
  return task.containers
    .filter((other) => (other.dependsOn ?? []).some((dependency) => dependency.containerName === name))
    .map((other) => other.name);
}

/** Whether `dependency` holds. */
export function judge(dependency: Dependency, view: View): Verdict {
  const progress = progressOf(view.record, dependency.on);
  const container = view.record.task.containers.find((one) => one.name === dependency.on);
  const never = (why: string): Verdict => ({
    is: 'never',
    reason: `TaskDependencyError: container ${dependency.on} ${why}, so the condition ${dependency.condition} can never hold`,
  });
  const end = progress.ended;
  switch (dependency.condition) {
    case 'START':
      if (progress.startedAt !== undefined) return { is: 'met' };
      if (end) return never('did not start');
      return { is: 'waiting' };
    case 'COMPLETE':
      if (end) return progress.startedAt === undefined ? never('did not start') : { is: 'met' };
      break;
    case 'SUCCESS':
      if (end?.exitCode === 0) return { is: 'met' };
      if (end) return never(`ended with exit code ${end.exitCode ?? 'unknown'}`);
      break;
    case 'HEALTHY':
      if (end) return never('ended');
      if (view.observed.get(dependency.on)?.health === 'healthy') return { is: 'met' };
      break;
  }
  const limit = container?.startTimeout;
  if (!limit || progress.startedAt === undefined) return { is: 'waiting' };
  const deadline = progress.startedAt + limit * 1000;
  if (view.now < deadline) return { is: 'waiting', deadline };
  return never(`did not reach it within its startTimeout of ${limit} seconds`);
}

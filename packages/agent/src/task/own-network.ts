// Tasks whose containers share a network namespace of their own (awsvpc). One more container holds it: it is not in the task's
// definition, but it has its place in the record and in what is observed.
import type { AcsTask } from '@longshore/aws';

/** The holder's name, as Amazon's agent has it: no container of a definition can have it. */
export const pauseName = '~internal~ecs~pause';

export function hasOwnNetwork(task: Pick<AcsTask, 'networkMode'>): boolean {
  return task.networkMode === 'awsvpc';
}

// Finding the task or the service that somebody means by a short id or a name.
import type { ECSClient, Task } from '@aws-sdk/client-ecs';
import { UserError } from '@longshore/base';
import { clusterArns, idOf, listTasks, serviceArns, type TaskFilter } from './ecs-client.ts';

/** The one task whose ARN or id (or the beginning of its id) is `wanted`. Throws `UserError` if none or several are. */
export async function findTask(client: ECSClient, wanted: string, filter: TaskFilter): Promise<Task> {
  const task = matchTask(await listTasks(client, filter), wanted);
  if (task) return task;
  throw new UserError(`There is no task ${wanted}.`, 'See them with: longshore ps --all');
}

/** Pure part of `findTask`; undefined if none matches. */
export function matchTask(tasks: readonly Task[], wanted: string): Task | undefined {
  const exact = tasks.find((task) => task.taskArn === wanted || idOf(task.taskArn) === wanted);
  if (exact) return exact;
  const starting = wanted === '' ? [] : tasks.filter((task) => idOf(task.taskArn).startsWith(wanted));
  if (starting.length > 1) {
    const ids = starting.slice(0, 5).map((task) => idOf(task.taskArn));
    throw new UserError(`${starting.length} tasks begin with ${wanted}: ${ids.join(', ')}`, 'Give more of the id.');
  }
  return starting[0];
}

export interface ServiceName {
  readonly cluster: string;
  readonly service: string;
}

/** The services of that name, in one cluster or in all. */
export async function findServices(
  client: ECSClient,
  name: string,
  cluster: string | undefined,
): Promise<readonly ServiceName[]> {
  const clusters = cluster === undefined ? await clusterArns(client) : [cluster];
  const found: ServiceName[] = [];
  for (const each of clusters) {
    const arns = await serviceArns(client, each);
    found.push(
      ...arns.filter((arn) => arn === name || idOf(arn) === name).map((service) => ({ cluster: each, service })),
    );
  }
  return found;
}

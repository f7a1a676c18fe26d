// ECS as the commands use it: everything of the account, page by page, in batches that the API takes.
import {
  type ContainerInstance,
  DescribeContainerInstancesCommand,
  DescribeTasksCommand,
  ECSClient,
  paginateListClusters,
  paginateListContainerInstances,
  paginateListServices,
  paginateListTasks,
  type Task,
} from '@aws-sdk/client-ecs';
import type { Connection } from './connection.ts';
import { sdkConfig } from './with-server.ts';

export function ecsClient(connection: Connection): ECSClient {
  return new ECSClient(sdkConfig(connection));
}

/** ARNs of every cluster of the account. */
export async function clusterArns(client: ECSClient): Promise<readonly string[]> {
  const arns: string[] = [];
  for await (const page of paginateListClusters({ client }, {})) arns.push(...(page.clusterArns ?? []));
  return arns;
}

/** ARNs of every service of a cluster. */
export async function serviceArns(client: ECSClient, cluster: string): Promise<readonly string[]> {
  const arns: string[] = [];
  for await (const page of paginateListServices({ client, pageSize: 100 }, { cluster })) {
    arns.push(...(page.serviceArns ?? []));
  }
  return arns;
}

/** Machines of a cluster, described. */
export async function instancesOf(client: ECSClient, cluster: string): Promise<readonly ContainerInstance[]> {
  const instances: ContainerInstance[] = [];
  for await (const page of paginateListContainerInstances({ client }, { cluster })) {
    const containerInstances = page.containerInstanceArns ?? [];
    if (containerInstances.length === 0) continue;
    const answer = await client.send(new DescribeContainerInstancesCommand({ cluster, containerInstances }));
    instances.push(...(answer.containerInstances ?? []));
  }
  return instances;
}

export interface TaskFilter {
  /** Names or ARNs; left out = every cluster of the account. */
  readonly cluster?: string | undefined;
  /** Stopped ones (kept for an hour or more) besides those that run or shall run. */
  readonly stopped?: boolean;
}

/** The account's tasks, described. */
export async function listTasks(client: ECSClient, filter: TaskFilter = {}): Promise<readonly Task[]> {
  const clusters = filter.cluster === undefined ? await clusterArns(client) : [filter.cluster];
  const states = filter.stopped ? (['RUNNING', 'STOPPED'] as const) : (['RUNNING'] as const);
  const tasks = new Map<string, Task>();
  for (const cluster of clusters) {
    const arns = new Set<string>();
    for (const desiredStatus of states) {
      for await (const page of paginateListTasks({ client }, { cluster, desiredStatus })) {
        for (const arn of page.taskArns ?? []) arns.add(arn);
      }
    }
    for (const task of await describeTasks(client, cluster, [...arns])) tasks.set(task.taskArn ?? '', task);
  }
  return [...tasks.values()].sort((a, b) => timeOf(b) - timeOf(a) || idOf(a.taskArn).localeCompare(idOf(b.taskArn)));
}

/** Tasks of one cluster by ARN; those that are gone are left out. */
export async function describeTasks(
  client: ECSClient,
  cluster: string,
  arns: readonly string[],
): Promise<readonly Task[]> {
  const found: Task[] = [];
  for (let start = 0; start < arns.length; start += 100) {
    const answer = await client.send(new DescribeTasksCommand({ cluster, tasks: arns.slice(start, start + 100) }));
    found.push(...(answer.tasks ?? []));
  }
  return found;
}

/** What follows the last slash of an ARN: a task's or an instance's id, a cluster's or service's name. */
export function idOf(arn: string | undefined): string {
  return arn === undefined ? '' : arn.slice(arn.lastIndexOf('/') + 1);
}

function timeOf(task: Task): number {
  return task.createdAt?.getTime() ?? 0;
}

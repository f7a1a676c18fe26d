// Small questions to the ECS API that several tests ask.
import {
  DescribeContainerInstancesCommand,
  DescribeTasksCommand,
  type ECSClient,
  ListContainerInstancesCommand,
  ListTasksCommand,
  RunTaskCommand,
  type RunTaskCommandInput,
  type Task,
} from '@aws-sdk/client-ecs';
import { until } from './longshore.ts';

/** How many container instances of the default cluster have a connected agent. */
export async function connectedInstances(ecs: ECSClient): Promise<number> {
  const { containerInstanceArns } = await ecs.send(new ListContainerInstancesCommand({}));
  if (!containerInstanceArns?.length) return 0;
  const described = await ecs.send(
    new DescribeContainerInstancesCommand({ containerInstances: containerInstanceArns }),
  );
  return described.containerInstances?.filter((each) => each.agentConnected).length ?? 0;
}

/** The ARNs of all tasks of the default cluster with this desired status. */
export async function taskArns(ecs: ECSClient, desiredStatus: 'RUNNING' | 'STOPPED'): Promise<string[]> {
  const arns: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = await ecs.send(
      new ListTasksCommand({ desiredStatus, ...(nextToken === undefined ? {} : { nextToken }) }),
    );
    arns.push(...(page.taskArns ?? []));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return arns;
}

/** Starts one task and gives its ARN. Throws if it could not be placed. */
export async function runTask(
  ecs: ECSClient,
  taskDefinition: string | undefined,
  more: Omit<RunTaskCommandInput, 'taskDefinition'> = {},
): Promise<string> {
  const { tasks, failures } = await ecs.send(new RunTaskCommand({ ...more, taskDefinition }));
  const arn = tasks?.[0]?.taskArn;
  if (arn === undefined || failures?.length) throw new Error(`not placed: ${JSON.stringify(failures)}`);
  return arn;
}

/** Throws if there is no such task in the default cluster. */
export async function describeTask(ecs: ECSClient, arn: string): Promise<Task> {
  const { tasks, failures } = await ecs.send(new DescribeTasksCommand({ tasks: [arn] }));
  const [task] = tasks ?? [];
  if (!task) throw new Error(`no task ${arn}: ${JSON.stringify(failures)}`);
  return task;
}

/** Waits until the task has this status, and gives it. Throws if it stops before. */
export function reaches(ecs: ECSClient, arn: string, status: 'RUNNING' | 'STOPPED', timeoutMs?: number): Promise<Task> {
  const look = async () => {
    const task = await describeTask(ecs, arn);
    if (task.lastStatus === status) return task;
    if (task.lastStatus === 'STOPPED')
      throw new Error(`stopped: ${task.stoppedReason}; ${task.containers?.map((each) => each.reason).join()}`);
    return undefined;
  };
  return until(`${arn} is ${status}`, look, timeoutMs);
}

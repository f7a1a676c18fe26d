// Small questions to the ECS API that several tests ask.
import {
  DescribeContainerInstancesCommand,
  type ECSClient,
  ListContainerInstancesCommand,
  ListTasksCommand,
} from '@aws-sdk/client-ecs';

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

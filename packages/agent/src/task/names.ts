// Names and labels of what the agent makes in the Engine. Both follow from the task alone, so that an agent that was
// killed between naming and saving finds its container again instead of making a second one.
import { digestHex, digestOf, parseArn } from '@longshore/base';
import type { AcsTask } from '@longshore/aws';

export const labels = {
  agent: 'longshore.agent',
  instance: 'longshore.container-instance',
  cluster: 'com.amazonaws.ecs.cluster',
  containerName: 'com.amazonaws.ecs.container-name',
  family: 'com.amazonaws.ecs.task-definition-family',
  revision: 'com.amazonaws.ecs.task-definition-version',
  taskArn: 'com.amazonaws.ecs.task-arn',
} as const;

/** The last part of a task's ARN. */
export function taskId(arn: string): string {
  const resource = parseArn(arn)?.resource ?? arn;
  return resource.slice(resource.lastIndexOf('/') + 1);
}

/** `ecs-<family>-<revision>-<part>-<task id>`, in the Engine's alphabet; shortened with a hash if that loses something. */
export function engineName(task: Pick<AcsTask, 'arn' | 'family' | 'version'>, part: string): string {
  const plain = `ecs-${task.family}-${task.version}-${part}-${taskId(task.arn)}`;
  const safe = plain.replace(/[^A-Za-z0-9_.-]/g, '-');
  if (safe === plain && safe.length <= 200) return safe;
  const hash = digestHex(digestOf(`${task.arn}\n${part}`)).slice(0, 24);
  return `${safe.slice(0, 150)}-${hash}`;
}

/** The labels of a task's container; `instanceArn` and `agentId` say whose it is. */
export function containerLabels(
  task: AcsTask,
  containerName: string,
  owner: { readonly agentId: string; readonly instanceArn: string },
): Record<string, string> {
  return {
    [labels.agent]: owner.agentId,
    [labels.instance]: owner.instanceArn,
    [labels.cluster]: task.taskClusterArn,
    [labels.containerName]: containerName,
    [labels.family]: task.family,
    [labels.revision]: task.version,
    [labels.taskArn]: task.arn,
  };
}

// A task as a payload brings it, checked: what tests of the agent's parts begin with.
import type { AcsTask } from '@longshore/aws';
import { checkTask } from '../task/validate.ts';

export const sampleTaskArn = 'arn:aws:ecs:us-east-1:123456789012:task/test/0123456789abcdef0123456789abcdef';

export const rawSampleTask = Object.freeze({
  arn: sampleTaskArn,
  taskClusterArn: 'arn:aws:ecs:us-east-1:123456789012:cluster/test',
  family: 'web',
  version: '3',
  desiredStatus: 'RUNNING',
});

/** Containers as a payload may have them: they are called `main` and run `busybox` unless they say otherwise. Throws if the task would be refused. */
export function sampleTask(containers: readonly object[] = [{}], more: object = {}): AcsTask {
  const whole = containers.map((one) => ({ name: 'main', image: 'busybox', ...one }));
  const checked = checkTask({ ...rawSampleTask, ...more, containers: whole });
  if (!('task' in checked)) throw new Error(checked.problem);
  return checked.task;
}

// The steps that move a task: compare and set, what follows from it (reservation returned, ports noted), and its event.
import type { Step } from '@longshore/store';
import { taskEvent } from './events.ts';
import { notePortSteps, type Protocol, releaseSteps } from './instances.ts';
import { replaceTask, type TaskRecord } from './tasks.ts';

function boundPorts(task: TaskRecord): { protocol: Protocol; port: number }[] {
  const ports = new Map<string, { protocol: Protocol; port: number }>();
  for (const container of task.document.containers)
    for (const { hostPort, protocol = 'tcp' } of container.networkBindings)
      if (hostPort !== undefined && hostPort > 0) ports.set(`${protocol}/${hostPort}`, { protocol, port: hostPort });
  return [...ports.values()].slice(0, 1000);
}

/** `before` becomes `after`. The reservation returns in the write that makes it STOPPED, so exactly once. */
export function moveTaskSteps(before: TaskRecord, after: TaskRecord, now: number): Step[] {
  const steps = [replaceTask(before, after)];
  if (after.lastStatus === 'STOPPED' && before.lastStatus !== 'STOPPED') steps.push(...releaseSteps(after));
  else if (JSON.stringify(boundPorts(before)) !== JSON.stringify(boundPorts(after)))
    steps.push(...notePortSteps(after.instanceArn, after.arn, boundPorts(after)));
  steps.push(taskEvent(after, now));
  return steps;
}

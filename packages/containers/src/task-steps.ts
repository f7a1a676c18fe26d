// The steps that move a task: compare and set, what follows from it (reservation returned, ports noted), and its event.
import type { Step } from '@longshore/store';
import { taskEvent } from './events.ts';
import { returnAddress } from './network/interfaces.ts';
import { notePortSteps, type Protocol, releaseSteps } from './instances.ts';
import { type Binding, replaceTask, type TaskRecord } from './tasks.ts';

const mostInRange = 1000;

function hostPortsOf({ hostPort, hostPortRange }: Binding): number[] {
  if (hostPort !== undefined) return hostPort > 0 ? [hostPort] : [];
  const [first = 0, last = 0] = (hostPortRange ?? '').split('-').map(Number);
  if (!(first > 0 && last >= first && last - first < mostInRange)) return [];
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

function boundPorts(task: TaskRecord): { protocol: Protocol; port: number }[] {
  const ports = new Map<string, { protocol: Protocol; port: number }>();
  for (const container of task.document.containers)
    for (const binding of container.networkBindings)
      for (const port of hostPortsOf(binding)) {
        const { protocol = 'tcp' } = binding;
        ports.set(`${protocol}/${port}`, { protocol, port });
      }
  return [...ports.values()].slice(0, 1000);
}

/** `before` becomes `after`. The reservation returns in the write that makes it STOPPED, so exactly once. */
export function moveTaskSteps(before: TaskRecord, after: TaskRecord, now: number): Step[] {
  const steps = [replaceTask(before, after)];
  if (after.lastStatus === 'STOPPED' && before.lastStatus !== 'STOPPED')
    steps.push(...releaseSteps(after), ...returnAddress(after));
  else if (JSON.stringify(boundPorts(before)) !== JSON.stringify(boundPorts(after)))
    steps.push(...notePortSteps(after.instanceArn, after.arn, boundPorts(after)));
  steps.push(taskEvent(after, now));
  return steps;
}

// Watching tasks until they run or have stopped, and saying so.
import type { ECSClient, Task } from '@aws-sdk/client-ecs';
import { UserError } from '@longshore/base';
import type { Connection } from './connection.ts';
import { describeTasks, idOf } from './ecs-client.ts';
import { dialAddress, portsOf } from './task-view.ts';
import type { CliParts } from './types.ts';

export interface WaitOptions {
  readonly cluster: string;
  readonly arns: readonly string[];
  readonly withinMs: number;
}

/** The tasks when each runs or has stopped. Says every change of state on the way. Throws `UserError` in the end. */
export async function untilRunning(
  client: ECSClient,
  { cluster, arns, withinMs }: WaitOptions,
  { io, clock }: CliParts,
): Promise<readonly Task[]> {
  const deadline = clock.now() + withinMs;
  const said = new Map<string, string>();
  for (;;) {
    const tasks = await describeTasks(client, cluster, arns);
    for (const { taskArn = '', lastStatus = '' } of tasks) {
      if (said.get(taskArn) === lastStatus) continue;
      said.set(taskArn, lastStatus);
      io.err(`task ${idOf(taskArn)} is ${lastStatus}\n`);
    }
    if (tasks.length === arns.length && tasks.every(({ lastStatus }) => settled(lastStatus))) return tasks;
    if (clock.now() >= deadline) {
      throw new UserError(
        `Not everything runs after ${withinMs / 1000} s; it goes on.`,
        'Look with: longshore ps --all. Wait longer with --timeout SECONDS.',
      );
    }
    await clock.sleep(200);
  }
}

function settled(status: string | undefined): boolean {
  return status === 'RUNNING' || status === 'STOPPED';
}

/** Why a task stopped: `task 1234: CannotPullContainerError: …; web: exit code 1`. */
export function stopText(task: Task): string {
  const containers = (task.containers ?? []).flatMap(({ name, exitCode, reason }) => {
    const own = reason === task.stoppedReason ? undefined : reason;
    const parts = [exitCode === undefined ? undefined : `exit code ${exitCode}`, own].filter(Boolean);
    return parts.length > 0 ? [`${name}: ${parts.join(', ')}`] : [];
  });
  return `task ${idOf(task.taskArn)}: ${[task.stoppedReason ?? 'stopped', ...containers].join('; ')}`;
}

/** True for a task that did its work and ended: every container with exit code 0. */
export function endedWell(task: Task): boolean {
  const containers = task.containers ?? [];
  return task.lastStatus === 'STOPPED' && containers.length > 0 && containers.every(({ exitCode }) => exitCode === 0);
}

/** One line a task: its id and where its published ports are dialled. */
export function runningText(task: Task, connection: Connection): string {
  const ports = (task.containers ?? []).flatMap(portsOf);
  const addresses = ports.map(
    (port) =>
      `${dialAddress(port, connection.endpoint)} -> ${port.containerPort}${port.protocol === 'tcp' ? '' : `/${port.protocol}`}`,
  );
  return `${idOf(task.taskArn)}${addresses.length > 0 ? `  ${addresses.join(', ')}` : ''}\n`;
}

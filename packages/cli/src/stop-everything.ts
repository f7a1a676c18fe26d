// Stopping all that an account runs: its services to no tasks, its tasks stopped, and waiting for that.
import { type ECSClient, StopTaskCommand, UpdateServiceCommand } from '@aws-sdk/client-ecs';
import { UserError } from '@longshore/base';
import type { Connection } from './connection.ts';
import { clusterArns, ecsClient, idOf, listTasks, serviceArns } from './ecs-client.ts';
import type { CliParts } from './types.ts';

/** Sets every service to 0 and stops every task. Throws `UserError` if some still run after `withinMs`. */
export async function stopEverything(connection: Connection, withinMs: number, parts: CliParts): Promise<void> {
  const client = ecsClient(connection);
  try {
    for (const cluster of await clusterArns(client)) {
      for (const service of await serviceArns(client, cluster)) {
        await client.send(new UpdateServiceCommand({ cluster, service, desiredCount: 0 }));
        parts.io.err(`${idOf(service)}: desired count is now 0\n`);
      }
    }
    await stopTasks(client, { reason: 'longshore down --tasks', withinMs }, parts);
  } finally {
    client.destroy();
  }
}

interface StopTasksOptions {
  /** Of every cluster if left out. */
  readonly cluster?: string;
  readonly reason: string;
  readonly withinMs: number;
}

/** Stops every task and waits for their end. Throws `UserError` if some still run after `withinMs`. */
export async function stopTasks(
  client: ECSClient,
  { cluster, reason, withinMs }: StopTasksOptions,
  { io, clock }: CliParts,
): Promise<void> {
  const deadline = clock.now() + withinMs;
  const asked = new Set<string>();
  for (;;) {
    const running = (await listTasks(client, { cluster, stopped: true })).filter(
      (task) => task.lastStatus !== 'STOPPED',
    );
    if (running.length === 0) return;
    for (const { taskArn, clusterArn } of running) {
      if (taskArn === undefined || asked.has(taskArn)) continue;
      await client.send(new StopTaskCommand({ cluster: clusterArn, task: taskArn, reason }));
      asked.add(taskArn);
      io.err(`stopping task ${idOf(taskArn)}\n`);
    }
    if (clock.now() >= deadline) {
      throw new UserError(
        `${running.length} tasks have not stopped after ${withinMs / 1000} s.`,
        'Look with: longshore ps. To wait for longer: --timeout SECONDS.',
      );
    }
    await clock.sleep(250);
  }
}

// A scheduler of the customer's own, a real process on a Unix socket: what it names is checked, and it cannot hold things up.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ECSClient,
  ListContainerInstancesCommand,
  RegisterContainerInstanceCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
} from '@aws-sdk/client-ecs';
import { expect, test } from 'vitest';
import { connectedInstances } from './support/ecs.ts';
import { root, startLongshore, until } from './support/longshore.ts';

test('a scheduler of the customer names the instances, and is verified', async () => {
  const socket = join(tmpdir(), `longshore-scheduler-${process.pid}.sock`);
  await using longshore = await startLongshore({
    args: ['--scheduler', `unix:${socket}`, '--scheduler-timeout', '3s', '--scheduler-failure', 'refuse'],
  });
  const { region } = longshore.credentials;
  const ecs = new ECSClient({ endpoint: longshore.url, region, credentials: longshore.credentials });
  await until('the agent is connected', async () => (await connectedInstances(ecs)) === 1);
  const [own = ''] = (await ecs.send(new ListContainerInstancesCommand({}))).containerInstanceArns ?? [];
  const resources = [
    { name: 'CPU', type: 'INTEGER', integerValue: 4096 },
    { name: 'MEMORY', type: 'INTEGER', integerValue: 4096 },
  ];
  // Registered, but nobody connects as it.
  const away = await ecs.send(new RegisterContainerInstanceCommand({ totalResources: resources }));
  const unable = away.containerInstance?.containerInstanceArn ?? '';
  const containerDefinitions = [{ name: 'main', image: 'longshore.invalid/none', memory: 6 }];
  await ecs.send(new RegisterTaskDefinitionCommand({ family: 'f', containerDefinitions }));
  const run = (startedBy: string, count = 1) => ecs.send(new RunTaskCommand({ taskDefinition: 'f', startedBy, count }));

  const scheduler = spawn(process.execPath, [join(root, 'test/support/own-scheduler.ts'), socket, unable]);
  const ended = once(scheduler, 'exit');
  try {
    await once(scheduler.stdout, 'data');
    const placed = await run('mine', 3);
    expect(placed.failures).toEqual([]);
    expect(placed.tasks?.map((task) => task.containerInstanceArn)).toEqual([own, own, own]);
    const wrong = await run('wrong');
    expect(wrong).toMatchObject({ tasks: [], failures: [{ arn: unable, reason: 'AGENT' }] });
    const unwilling = await run('unwilling');
    expect(unwilling).toMatchObject({ tasks: [], failures: [{ reason: 'SCHEDULER', detail: 'not today' }] });
    const silent = await run('silent');
    expect(silent).toMatchObject({ tasks: [], failures: [{ reason: 'SCHEDULER' }] });
    // It is left alone for a while: the next answer comes at once.
    const start = performance.now();
    expect((await run('mine')).failures?.[0]?.detail).toContain('a moment ago');
    expect(performance.now() - start).toBeLessThan(2000);
  } finally {
    scheduler.kill();
    await ended;
    rmSync(socket, { force: true });
    ecs.destroy();
  }
});

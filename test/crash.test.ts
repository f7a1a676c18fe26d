// Check 4: kill -9 at twenty random moments of pushes and launches. What was acknowledged is there and once; what runs
// runs on; nothing half-done stays.
import {
  DescribeTasksCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  type Task,
} from '@aws-sdk/client-ecs';
import { randomInt } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { docker, type TaskContainer } from './support/docker.ts';
import { connectedInstances, taskArns } from './support/ecs.ts';
import { copyToRegistry, importBusybox } from './support/images.ts';
import { freePort, type Longshore, startLongshore, until } from './support/longshore.ts';
import { pullFault, pushImage, randomImage, registryAuthorization, type TestImage } from './support/push.ts';
import { systemStores, type TestStore } from './support/stores.ts';

const killsFor = (store: TestStore) => (store.name === 'sqlite' ? 20 : 8);

interface World {
  readonly acknowledgedImages: TestImage[];
  readonly acknowledgedTasks: string[];
  /** Container id → when it started, as first seen. */
  readonly started: Map<string, string>;
  pushes: number;
}

describe.each(systemStores)('on $name', (store) => {
  test(`${killsFor(store)} kills lose nothing, double nothing and leave nothing behind`, async () => {
    const created = await store.create();
    const port = await freePort();
    const options = { port, store: created.url, env: { LONGSHORE_UPLOAD_TTL: '3s' } };
    let longshore = await startLongshore(options);
    const dataDir = longshore.dataDir;
    const ecs = new ECSClient({
      endpoint: longshore.url,
      region: longshore.credentials.region,
      credentials: longshore.credentials,
      maxAttempts: 1,
    });
    const world: World = { acknowledgedImages: [], acknowledgedTasks: [], started: new Map(), pushes: 0 };
    const image = `${longshore.host}/sleeper:1`;
    try {
      await prepare(longshore, ecs, image);
      for (let kill = 0; kill < killsFor(store); kill++) {
        const authorization = await registryAuthorization(longshore);
        const stop = new AbortController();
        const work = [
          pushing(longshore, authorization, world, stop.signal),
          pushing(longshore, authorization, world, stop.signal),
          launching(ecs, world, stop.signal),
        ];
        await randomMoment(world);
        await longshore.kill();
        stop.abort();
        await Promise.all(work);
        await noteRunning(longshore, world);
        longshore = await startLongshore({ ...options, dataDir });
        await until('the agent is back', async () => (await connectedInstances(ecs)) === 1);
        await runningOnesNeverStopped(world);
      }
      await everythingAcknowledgedIsThere(longshore, ecs, world);
      await nothingHalfDoneStays(longshore, ecs, world);
      expect(world.acknowledgedImages.length).toBeGreaterThanOrEqual(killsFor(store) / 4);
      expect(world.acknowledgedTasks.length).toBeGreaterThanOrEqual(killsFor(store) / 4);
    } finally {
      ecs.destroy();
      await longshore[Symbol.asyncDispose]();
      await docker.removeImage(image);
      await created.drop();
    }
  }, 600_000);
});

/** Some way into the work, however slow the machine: after a few acknowledgements of each kind and a random while. */
async function randomMoment(world: World): Promise<void> {
  const images = world.acknowledgedImages.length + randomInt(3);
  const tasks = world.acknowledgedTasks.length + randomInt(4);
  await until(
    'something was acknowledged',
    () => world.acknowledgedImages.length >= images && world.acknowledgedTasks.length >= tasks,
  );
  const at = Date.now() + randomInt(300);
  await until('the random moment', () => Date.now() >= at);
}

async function prepare(longshore: Longshore, ecs: ECSClient, image: string): Promise<void> {
  await importBusybox(image);
  await copyToRegistry(image, await registryAuthorization(longshore));
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: 'sleeper',
      containerDefinitions: [{ name: 'main', image, command: ['sleep', '3600'], memory: 16, stopTimeout: 2 }],
    }),
  );
  await until('the agent is connected', async () => (await connectedInstances(ecs)) === 1);
}

async function pushing(longshore: Longshore, authorization: string, world: World, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const image = randomImage(`crash/app-${randomInt(3)}`, `push-${world.pushes++}`, [
      randomInt(1, 4_000_000),
      randomInt(1, 200_000),
    ]);
    try {
      await pushImage(longshore.url, authorization, image);
      world.acknowledgedImages.push(image);
    } catch {
      // Cut off by the kill: not acknowledged.
      if (longshore.process.exitCode !== null || longshore.process.signalCode !== null) return;
    }
  }
}

async function launching(ecs: ECSClient, world: World, signal: AbortSignal): Promise<void> {
  for (let launched = 0; launched < 3 && !signal.aborted; launched++) {
    try {
      const answer = await ecs.send(new RunTaskCommand({ taskDefinition: 'sleeper' }));
      world.acknowledgedTasks.push(...(answer.tasks ?? []).map((task) => task.taskArn ?? ''));
    } catch {
      return;
    }
  }
}

async function noteRunning(longshore: Longshore, world: World): Promise<void> {
  for (const each of await docker.taskContainers(longshore.credentials.account)) {
    if (each.state === 'running') world.started.set(each.id, (await docker.inspect(each.id)).State.StartedAt);
  }
}

async function runningOnesNeverStopped(world: World): Promise<void> {
  for (const [id, startedAt] of world.started) {
    const { State } = await docker.inspect(id);
    expect(State.Running, `container ${id}`).toBe(true);
    expect(State.StartedAt).toBe(startedAt);
  }
}

async function everythingAcknowledgedIsThere(longshore: Longshore, ecs: ECSClient, world: World): Promise<void> {
  const authorization = await registryAuthorization(longshore);
  const faults = await Promise.all(
    world.acknowledgedImages.map((image) => pullFault(longshore.url, authorization, image)),
  );
  expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
  const tasks = await until('every acknowledged task is RUNNING', async () => {
    const found: Task[] = [];
    for (let i = 0; i < world.acknowledgedTasks.length; i += 100) {
      const answer = await ecs.send(new DescribeTasksCommand({ tasks: world.acknowledgedTasks.slice(i, i + 100) }));
      expect(answer.failures).toEqual([]);
      found.push(...(answer.tasks ?? []));
    }
    return found.every((task) => task.lastStatus === 'RUNNING') && found;
  });
  expect(tasks).toHaveLength(new Set(world.acknowledgedTasks).size);
}

async function nothingHalfDoneStays(longshore: Longshore, ecs: ECSClient, world: World): Promise<void> {
  // Tasks whose launch was cut off may exist too, each with exactly one container; containers without a task may not.
  await until('there is exactly one live container for every task, and no other', async () => {
    const wanted = await taskArns(ecs, 'RUNNING');
    const containers = (await docker.taskContainers(longshore.credentials.account)).filter(
      (each: TaskContainer) => each.state === 'running',
    );
    const live = containers.map((each) => each.taskArn);
    return (
      live.length === wanted.length &&
      new Set(live).size === live.length &&
      wanted.every((arn) => live.includes(arn)) &&
      live
    );
  });
  for (const arn of world.acknowledgedTasks) {
    const mine = (await docker.taskContainers(longshore.credentials.account)).filter((each) => each.taskArn === arn);
    expect(mine, arn).toHaveLength(1);
  }
  await until('no half upload stays', () => readdirSync(join(longshore.dataDir, 'registry', 'uploads')).length === 0);
}

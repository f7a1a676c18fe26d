// The agent survives restarts of the Docker Engine: with live-restore nothing changes; without, what stopped is told and
// what a service keeps is started again.
import { CreateServiceCommand, ECSClient, RegisterTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import { expect, test } from 'vitest';
import { findExecutable } from './support/command.ts';
import { docker } from './support/docker.ts';
import { connectedInstances, describeTask, reaches, runTask, taskArns } from './support/ecs.ts';
import { copyToRegistry, importBusybox, sleeps } from './support/images.ts';
import { type Longshore, startLongshore, until } from './support/longshore.ts';
import { startPrivateEngine } from './support/private-engine.ts';
import { registryAuthorization } from './support/push.ts';

const isRoot = process.getuid?.() === 0 && findExecutable('/usr/sbin/dockerd', '/usr/bin/dockerd') !== undefined;

async function prepare(longshore: Longshore): Promise<ECSClient> {
  const ecs = new ECSClient({
    endpoint: longshore.url,
    region: longshore.credentials.region,
    credentials: longshore.credentials,
  });
  const image = `${longshore.host}/sleeper:1`;
  await importBusybox(image);
  await copyToRegistry(image, await registryAuthorization(longshore));
  await docker.removeImage(image);
  await until('the agent is connected', async () => (await connectedInstances(ecs)) === 1);
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: 'sleeper',
      networkMode: 'none',
      containerDefinitions: [{ name: 'main', image, command: [...sleeps], memory: 16, stopTimeout: 2 }],
    }),
  );
  return ecs;
}

async function launch(ecs: ECSClient): Promise<string> {
  const arn = await runTask(ecs, 'sleeper');
  await reaches(ecs, arn, 'RUNNING');
  return arn;
}

test.skipIf(!isRoot)(
  'an Engine that restarts with live-restore: the same container, the same task',
  async () => {
    await using engine = await startPrivateEngine(['--live-restore']);
    await using longshore = await startLongshore({ args: ['--docker-host', engine.host] });
    const ecs = await prepare(longshore);
    const arn = await launch(ecs);
    const before = await engine.running();
    await engine.stop();
    await engine.start();
    const second = await launch(ecs);
    expect((await describeTask(ecs, arn)).lastStatus).toBe('RUNNING');
    expect(await engine.running()).toEqual(expect.arrayContaining(before));
    expect((await describeTask(ecs, second)).lastStatus).toBe('RUNNING');
    ecs.destroy();
  },
  120_000,
);

test.skipIf(!isRoot)(
  'an Engine that restarts and stops its containers: told, and the service is whole again',
  async () => {
    await using engine = await startPrivateEngine();
    await using longshore = await startLongshore({ args: ['--docker-host', engine.host] });
    const ecs = await prepare(longshore);
    const alone = await launch(ecs);
    await ecs.send(new CreateServiceCommand({ serviceName: 'kept', taskDefinition: 'sleeper', desiredCount: 2 }));
    const wanted = await until(
      'three tasks run',
      async () => (await engine.running()).length === 3 && (await taskArns(ecs, 'RUNNING')),
    );
    await engine.stop();
    await engine.start();
    const told = await reaches(ecs, alone, 'STOPPED');
    expect(told.containers?.[0]?.exitCode).toBeGreaterThan(0);
    expect(told.stopCode).toBe('EssentialContainerExited');
    await until('the service runs two new tasks, each with one container', async () => {
      const arns = await taskArns(ecs, 'RUNNING');
      const statuses = await Promise.all(arns.map(async (arn) => (await describeTask(ecs, arn)).lastStatus));
      return (
        arns.length === 2 &&
        arns.every((arn) => !wanted.includes(arn)) &&
        statuses.every((each) => each === 'RUNNING') &&
        (await engine.running()).length === 2
      );
    });
    ecs.destroy();
  },
  180_000,
);

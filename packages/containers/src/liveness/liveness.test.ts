// Agents that fall silent or go away: when their instances are lost, what that means for their tasks, and their return.
import {
  type ContainerInstance,
  DescribeContainerInstancesCommand,
  DescribeTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  type Task,
} from '@aws-sdk/client-ecs';
import { sql } from '@longshore/store';
import { testStores } from '@longshore/store/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findInstance } from '../instances.ts';
import { connectAgent, registerInstance } from '../testing/fake-agent.ts';
import { account, type Harness, openHarness, until } from '../testing/harness.ts';
import { heartbeatEveryMs, silenceMs, usualTimes } from './times.ts';

const quick = { ttlMs: 1500, lostAfterMs: 200, returnGraceMs: 60_000 };

async function describeInstance(harness: Harness, arn: string): Promise<ContainerInstance | undefined> {
  const answer = await harness.client.send(new DescribeContainerInstancesCommand({ containerInstances: [arn] }));
  return answer.containerInstances?.[0];
}

async function describeTask(harness: Harness, arn: string): Promise<Task | undefined> {
  return (await harness.client.send(new DescribeTasksCommand({ tasks: [arn] }))).tasks?.[0];
}

const lostAt = async (harness: Harness, arn: string) => (await findInstance(harness.store, arn))?.lostAt;
const isLost = (harness: Harness, arn: string) =>
  until(async () => (await lostAt(harness, arn)) !== undefined || undefined);

/** A running task on an instance of its own. */
async function runningTask(harness: Harness) {
  const instanceArn = await registerInstance(harness, { cpu: 1024, memory: 128 });
  const agent = await connectAgent(harness, instanceArn);
  const containerDefinitions = [{ name: 'main', image: 'busybox', memory: 100 }];
  await harness.client.send(new RegisterTaskDefinitionCommand({ family: 'f', containerDefinitions }));
  const { tasks } = await harness.client.send(new RunTaskCommand({ taskDefinition: 'f' }));
  const taskArn = tasks?.[0]?.taskArn ?? '';
  await agent.take(taskArn);
  await agent.report(taskArn, 'RUNNING', [{ containerName: 'main', status: 'RUNNING' }]);
  return { instanceArn, agent, taskArn };
}

test('heartbeats of all agents together stay within fifty a second, and each agent is told of life in time', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20_000 }), (agents) => {
      const every = heartbeatEveryMs(usualTimes, agents);
      expect(every).toBeGreaterThanOrEqual(10_000);
      expect(every).toBeLessThanOrEqual(45_000);
      expect(every === 45_000 || every === 10_000 || (agents / every) * 1000 <= 50.01).toBe(true);
      expect(silenceMs(usualTimes, agents)).toBe(every + 10_000);
    }),
  );
});

describe.each(testStores().map((backEnd) => [backEnd.name, backEnd] as const))('on %s', (_name, backEnd) => {
  test('an agent that falls silent is disconnected, then lost; its tasks keep what they reserve and are as before on its return', async () => {
    const harness = await openHarness({ backEnd, liveness: quick });
    const { instanceArn, agent, taskArn } = await runningTask(harness);
    agent.fallSilent();
    await isLost(harness, instanceArn);
    const lost = await describeInstance(harness, instanceArn);
    expect(lost).toMatchObject({ agentConnected: false, status: 'ACTIVE', runningTasksCount: 1 });
    expect(lost?.remainingResources?.find((each) => each.name === 'MEMORY')?.integerValue).toBe(28);
    const task = await describeTask(harness, taskArn);
    expect(task).toMatchObject({ lastStatus: 'RUNNING', desiredStatus: 'RUNNING', connectivity: 'DISCONNECTED' });
    const refused = await harness.client.send(new RunTaskCommand({ taskDefinition: 'f' }));
    expect(refused.failures?.[0]?.reason).toBe('AGENT');

    const again = await connectAgent(harness, instanceArn);
    const manifest = await again.frame('TaskManifestMessage');
    expect(manifest.message.tasks).toMatchObject([{ taskArn, desiredStatus: 'RUNNING' }]);
    expect(await describeTask(harness, taskArn)).toMatchObject({ lastStatus: 'RUNNING', connectivity: 'CONNECTED' });
    expect(await lostAt(harness, instanceArn)).toBeUndefined();
    expect((await describeInstance(harness, instanceArn))?.agentConnected).toBe(true);
    await harness.close();
  });

  test('an agent that answers its heartbeats is never silent', async () => {
    const harness = await openHarness({ backEnd, liveness: quick });
    const { instanceArn, agent } = await runningTask(harness);
    await until(() => agent.frames.filter((each) => each.type === 'HeartbeatMessage').length > 3 || undefined);
    expect((await describeInstance(harness, instanceArn))?.agentConnected).toBe(true);
    await harness.close();
  });

  test('one that comes back before it is lost has lost nothing', async () => {
    const harness = await openHarness({ backEnd, liveness: { ...quick, lostAfterMs: 60_000 } });
    const { instanceArn, agent, taskArn } = await runningTask(harness);
    await agent.close();
    await until(async () => (await describeInstance(harness, instanceArn))?.agentConnected === false || undefined);
    await connectAgent(harness, instanceArn);
    expect(await describeTask(harness, taskArn)).toMatchObject({ lastStatus: 'RUNNING', version: 2 });
    const row = await findInstance(harness.store, instanceArn);
    expect([row?.lostDue, row?.lostAt]).toEqual([undefined, undefined]);
    await harness.close();
  });

  test('after a start of the control plane, agents have longer to come back', async () => {
    const harness = await openHarness({ backEnd, liveness: quick, loops: false });
    const { instanceArn } = await runningTask(harness);
    // As a killed process leaves it, and as one that was stopped an hour ago leaves another.
    const other = await registerInstance(harness);
    await harness.store.write([{ sql: sql`UPDATE ecs_instances SET lost_due = 1 WHERE arn = ${other}`, expect: 1 }]);
    const before = Date.now();
    await harness.containers.recover(account);
    for (const arn of [instanceArn, other]) {
      const row = await findInstance(harness.store, arn);
      expect(row?.connected).toBe(false);
      expect(row?.lostDue).toBeGreaterThanOrEqual(before + quick.returnGraceMs);
    }
    await harness.close();
  });

  test('agents that the control plane itself sends away have longer too', async () => {
    const harness = await openHarness({ backEnd, liveness: quick });
    const { instanceArn } = await runningTask(harness);
    const before = Date.now();
    await harness.containers.closeAgents();
    const row = await findInstance(harness.store, instanceArn);
    expect(row?.connected).toBe(false);
    expect(row?.lostDue).toBeGreaterThanOrEqual(before + quick.returnGraceMs);
    await harness.close();
  });

  test('what a replica that is gone left marked as connected is taken back by the others', async () => {
    const harness = await openHarness({ backEnd, liveness: quick, loops: false });
    const instanceArn = await registerInstance(harness);
    await harness.store.write([
      {
        sql: sql`UPDATE ecs_instances SET connected = 1, replica = 'gone', connection_id = 'x' WHERE arn = ${instanceArn}`,
        expect: 1,
      },
      { sql: sql`INSERT INTO ecs_replicas (replica, seen_at) VALUES ('gone', ${Date.now() - 60_000})` },
    ]);
    const watch = harness.containers.services.find((each) => each.id === 'container instance watch');
    const running = watch?.run();
    const row = await until(async () => {
      const found = await findInstance(harness.store, instanceArn);
      return found?.connected === false ? found : undefined;
    });
    expect(row.lostDue).toBeGreaterThan(Date.now() + quick.returnGraceMs / 2);
    await watch?.stop();
    await running;
    await harness.close();
  });
});

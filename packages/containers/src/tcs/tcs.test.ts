// The telemetry socket: readings of our agent and of Amazon's, health, and what is refused.
import {
  DescribeContainerInstancesCommand,
  DescribeTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
} from '@aws-sdk/client-ecs';
import { testStores } from '@longshore/store/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { connectAgent, openAgentSocket, registerInstance, textOf } from '../testing/fake-agent.ts';
import { type Harness, openHarness, until } from '../testing/harness.ts';
import { measure } from './readings.ts';

const [backEnd] = testStores();

describe('the telemetry socket', () => {
  let harness: Harness;
  let socket: WebSocket;
  let task: string;
  let instance: string;
  const frames: { type: string }[] = [];
  const stats = (sum: number, sampleCount = 2) => ({ min: 0, max: sum, sampleCount, sum });

  beforeAll(async () => {
    if (backEnd === undefined) throw new Error('no store');
    harness = await openHarness({ backEnd });
    const healthCheck = { command: ['CMD', 'true'] };
    const container = { name: 'main', image: 'busybox', memory: 64, healthCheck };
    await harness.client.send(new RegisterTaskDefinitionCommand({ family: 'f', containerDefinitions: [container] }));
    instance = await registerInstance(harness);
    const agent = await connectAgent(harness, instance);
    task = (await harness.client.send(new RunTaskCommand({ taskDefinition: 'f' }))).tasks?.[0]?.taskArn ?? '';
    await agent.take(task);
    await agent.report(task, 'RUNNING', [{ containerName: 'main', status: 'RUNNING' }]);
    socket = await openAgentSocket(harness, 'tcs', { cluster: 'default', containerInstance: instance });
    socket.on('message', (data) => frames.push(JSON.parse(textOf(data)) as { type: string }));
  });
  afterAll(() => harness.close());

  const metadata = { cluster: 'default', containerInstance: 'i', messageId: 'm' };
  const metrics = (taskArn: string, metric: object) => ({
    type: 'PublishMetricsRequest',
    message: {
      metadata,
      timestamp: 1,
      taskMetrics: [{ taskArn, taskDefinitionFamily: 'f', taskDefinitionVersion: '1', containerMetrics: [metric] }],
    },
  });
  const answers = (type: string) => frames.filter((each) => each.type === type).length;

  test("exact readings of Longshore's agent go on as they are", async () => {
    const longshoreReading = {
      time: 5000,
      cpuSeconds: 2,
      cpuPercent: 50,
      memoryBytes: 100,
      networkRxBytes: 1,
      networkTxBytes: 2,
      blockReadBytes: 3,
      blockWriteBytes: 4,
    };
    socket.send(
      JSON.stringify(
        metrics(task, { containerName: 'main', cpuStatsSet: stats(1), memoryStatsSet: stats(1), longshoreReading }),
      ),
    );
    await until(() => (answers('AckPublishMetric') === 1 ? true : undefined));
    expect(harness.readings).toEqual([
      {
        ...longshoreReading,
        memoryLimitBytes: undefined,
        account: '123456789012',
        clusterArn: 'arn:aws:ecs:us-east-1:123456789012:cluster/default',
        containerInstanceArn: instance,
        taskArn: task,
        family: 'f',
        serviceName: undefined,
        containerName: 'main',
      },
    ]);
  });

  test("frames of Amazon's agent, headers first, are read and statistics become readings", async () => {
    harness.readings.length = 0;
    const body = JSON.stringify(
      metrics(task, { containerName: 'main', cpuStatsSet: stats(60), memoryStatsSet: stats(8) }),
    );
    const before = answers('AckPublishMetric');
    socket.send(`POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Date: y\r\n\r\n${body}`);
    await until(() => (answers('AckPublishMetric') === before + 1 ? true : undefined));
    expect(harness.readings).toHaveLength(1);
    expect(harness.readings[0]).toMatchObject({ cpuPercent: 30, memoryBytes: 4 * 1024 * 1024 });
  });

  test('tasks of others, unknown containers and malformed messages give no reading', async () => {
    harness.readings.length = 0;
    const before = answers('AckPublishMetric');
    socket.send(JSON.stringify(metrics(`${task}x`, { containerName: 'main' })));
    socket.send(JSON.stringify(metrics(task, { containerName: 'other' })));
    socket.send('{"type":"PublishMetricsRequest","message":{"taskMetrics":"no"}}');
    socket.send('nonsense');
    const many = metrics(task, { containerName: 'main' });
    const eleven = Array.from({ length: 11 }, () => many.message.taskMetrics[0]);
    socket.send(JSON.stringify({ ...many, message: { ...many.message, taskMetrics: eleven } }));
    socket.send(
      JSON.stringify(metrics(task, { containerName: 'main', cpuStatsSet: stats(2), memoryStatsSet: stats(2) })),
    );
    await until(() => (answers('AckPublishMetric') === before + 3 ? true : undefined));
    expect(harness.readings.length).toBe(1);
  });

  test('health of containers becomes health of the task', async () => {
    const health = (healthStatus: string) => ({
      type: 'PublishHealthRequest',
      message: {
        metadata,
        timestamp: 1,
        tasks: [{ taskArn: task, containers: [{ containerName: 'main', healthStatus, statusSince: 1 }] }],
      },
    });
    for (const status of ['HEALTHY', 'UNHEALTHY']) {
      socket.send(JSON.stringify(health(status)));
      await until(async () => {
        const { tasks } = await harness.client.send(new DescribeTasksCommand({ tasks: [task] }));
        return tasks?.[0]?.healthStatus === status && tasks[0].containers?.[0]?.healthStatus === status
          ? true
          : undefined;
      });
    }
    expect(answers('AckPublishHealth')).toBe(2);
  });

  test("the machine's health is kept, answered and shown where it is asked for", async () => {
    const say = (status: string, statusReason?: string) =>
      socket.send(
        JSON.stringify({
          type: 'PublishInstanceStatusRequest',
          message: {
            metadata: { cluster: 'default', containerInstance: instance, requestId: 'r' },
            statuses: [{ type: 'CONTAINER_RUNTIME', status, statusReason, lastUpdated: 5, lastStatusChange: 4 }],
            timestamp: 5,
          },
        }),
      );
    const shown = async (include: 'CONTAINER_INSTANCE_HEALTH'[]) => {
      const asked = new DescribeContainerInstancesCommand({ containerInstances: [instance], include });
      return (await harness.client.send(asked)).containerInstances?.[0]?.healthStatus;
    };
    say('OK');
    await until(() => (answers('AckPublishInstanceStatus') === 1 ? true : undefined));
    expect(await shown([])).toBeUndefined();
    expect(await shown(['CONTAINER_INSTANCE_HEALTH'])).toMatchObject({
      overallStatus: 'OK',
      details: [{ type: 'CONTAINER_RUNTIME', status: 'OK', lastStatusChange: new Date(4000) }],
    });
    say('IMPAIRED', 'docker is gone');
    await until(() => (answers('AckPublishInstanceStatus') === 2 ? true : undefined));
    expect(await shown(['CONTAINER_INSTANCE_HEALTH'])).toMatchObject({
      overallStatus: 'IMPAIRED',
      details: [{ statusReason: 'docker is gone' }],
    });
  });
});

test('counters of statistics add up over the messages', () => {
  const sets = {
    cpuStatsSet: { min: 0, max: 0, sampleCount: 1, sum: 100 },
    networkStatsSet: { rxBytes: { min: 0, max: 0, sampleCount: 1, sum: 7 } },
  };
  const first = measure(sets, undefined, 20_000);
  const second = measure(sets, first, 30_000);
  expect([first.cpuSeconds, second.cpuSeconds]).toEqual([20, 30]);
  expect(second.networkRxBytes).toBe(14);
});

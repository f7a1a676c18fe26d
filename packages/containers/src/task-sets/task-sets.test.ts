// Task sets by the real client: a service whose tasks an outside deployer divides among sets.
import {
  CreateServiceCommand,
  CreateTaskSetCommand,
  DeleteServiceCommand,
  DeleteTaskSetCommand,
  DescribeServicesCommand,
  DescribeTaskSetsCommand,
  DescribeTasksCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  type TaskSet,
  UpdateServiceCommand,
  UpdateServicePrimaryTaskSetCommand,
  UpdateTaskSetCommand,
} from '@aws-sdk/client-ecs';
import { testStores } from '@longshore/store/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FakeAgent, obedientAgent } from '../testing/fake-agent.ts';
import { type Harness, openHarness, until } from '../testing/harness.ts';

const cluster = 'default';
const service = 'divided';

describe.each(testStores().map((backEnd) => [backEnd.name, backEnd] as const))('task sets on %s', (_name, backEnd) => {
  let harness: Harness;
  let agent: FakeAgent;
  let blue: string;
  let green: string;

  beforeAll(async () => {
    harness = await openHarness({ backEnd, settleMs: 0 });
    agent = await obedientAgent(harness);
    for (const image of ['busybox:1', 'busybox:2'])
      await harness.client.send(
        new RegisterTaskDefinitionCommand({ family: 'f', containerDefinitions: [{ name: 'web', image, memory: 16 }] }),
      );
    const deploymentController = { type: 'EXTERNAL' as const };
    await harness.client.send(
      new CreateServiceCommand({ serviceName: service, deploymentController, desiredCount: 4 }),
    );
  });
  afterAll(async () => {
    await agent.close();
    await harness.close();
  });

  const sets = async (...taskSets: string[]): Promise<TaskSet[]> => {
    const asked = new DescribeTaskSetsCommand({ cluster, service, taskSets, include: ['TAGS'] });
    return (await harness.client.send(asked)).taskSets ?? [];
  };
  const create = async (taskDefinition: string, value: number, clientToken: string): Promise<string> => {
    const command = new CreateTaskSetCommand({
      cluster,
      service,
      taskDefinition,
      scale: { value, unit: 'PERCENT' },
      externalId: taskDefinition,
      clientToken,
      tags: [{ key: 'of', value: taskDefinition }],
    });
    return (await harness.client.send(command)).taskSet?.id ?? '';
  };
  const counts = (wanted: Readonly<Record<string, number>>) =>
    until(async () => {
      const found = await sets(...Object.keys(wanted));
      const fits = Object.entries(wanted).every(([id, count]) =>
        found.some(
          (each) =>
            each.id === id &&
            each.runningCount === count &&
            each.computedDesiredCount === count &&
            each.stabilityStatus === 'STEADY_STATE',
        ),
      );
      return fits ? found : undefined;
    });

  test('a set runs its share of the service, rounded up, and a token makes it once', async () => {
    blue = await create('f:1', 70, 'first');
    expect(blue).toMatch(/^ecs-svc\/[0-9]{19}$/);
    expect(await create('f:1', 70, 'first')).toBe(blue);
    await expect(create('f:2', 70, 'first')).rejects.toThrow(/already used with other parameters/);
    const [set] = await counts({ [blue]: 3 });
    expect(set).toMatchObject({
      status: 'ACTIVE',
      externalId: 'f:1',
      scale: { value: 70, unit: 'PERCENT' },
      taskSetArn: `arn:aws:ecs:us-east-1:123456789012:task-set/default/divided/${blue}`,
      tags: [{ key: 'of', value: 'f:1' }],
    });
    const { taskArns } = await harness.client.send(new ListTasksCommand({ startedBy: blue }));
    expect(taskArns).toHaveLength(3);
  });

  test('a second set takes over step by step, and becomes what the service shows', async () => {
    const { client } = harness;
    green = await create('f:2', 0, 'second');
    await client.send(
      new UpdateTaskSetCommand({ cluster, service, taskSet: green, scale: { value: 100, unit: 'PERCENT' } }),
    );
    await counts({ [blue]: 3, [green]: 4 });
    await client.send(new UpdateServicePrimaryTaskSetCommand({ cluster, service, primaryTaskSet: green }));
    const refused = client.send(new DeleteTaskSetCommand({ cluster, service, taskSet: blue }));
    await expect(refused).rejects.toThrow(/scaled above 0/);
    await client.send(new DeleteTaskSetCommand({ cluster, service, taskSet: blue, force: true }));
    await until(async () => ((await sets()).length === 1 ? true : undefined));
    const { services } = await client.send(new DescribeServicesCommand({ services: [service] }));
    expect(services?.[0]).toMatchObject({
      runningCount: 4,
      taskDefinition: 'arn:aws:ecs:us-east-1:123456789012:task-definition/f:2',
      deploymentController: { type: 'EXTERNAL' },
      taskSets: [{ id: green, status: 'PRIMARY' }],
    });
  });

  test('a set may have networks of its own, and must where its definition has', async () => {
    const { client } = harness;
    const containerDefinitions = [{ name: 'web', image: 'busybox', memory: 16 }];
    const definition = { family: 'own', networkMode: 'awsvpc' as const, containerDefinitions };
    await client.send(new RegisterTaskDefinitionCommand(definition));
    await expect(create('own', 25, 'third')).rejects.toThrow(/Network Configuration must be provided/);
    const awsvpcConfiguration = { subnets: ['subnet-a'], securityGroups: [], assignPublicIp: 'DISABLED' as const };
    const networkConfiguration = { awsvpcConfiguration };
    const scale = { value: 25, unit: 'PERCENT' as const };
    const command = new CreateTaskSetCommand({ cluster, service, taskDefinition: 'own', networkConfiguration, scale });
    const taskSet = (await client.send(command)).taskSet?.id ?? '';
    expect((await counts({ [taskSet]: 1 }))[0]?.networkConfiguration).toEqual(networkConfiguration);
    const { taskArns } = await client.send(new ListTasksCommand({ startedBy: taskSet }));
    const { tasks } = await client.send(new DescribeTasksCommand({ tasks: taskArns }));
    expect(tasks?.[0]?.attachments?.[0]?.type).toBe('ElasticNetworkInterface');
    await client.send(new DeleteTaskSetCommand({ cluster, service, taskSet, force: true }));
  });

  test("the sets follow the service's count, and end with it", async () => {
    const { client } = harness;
    await client.send(new UpdateServiceCommand({ service, desiredCount: 2 }));
    await counts({ [green]: 2 });
    const { failures } = await client.send(new DescribeTaskSetsCommand({ cluster, service, taskSets: [blue] }));
    expect(failures?.map((each) => each.reason)).toEqual(['MISSING']);
    await client.send(new DeleteServiceCommand({ service, force: true }));
    await until(async () => {
      const rows = await harness.store.all<{ arn: string }>({ text: 'SELECT arn FROM ecs_task_sets', params: [] });
      const { taskArns } = await client.send(new ListTasksCommand({ startedBy: green }));
      return rows.length === 0 && taskArns?.length === 0 ? true : undefined;
    });
    await expect(sets()).rejects.toThrow(/not ACTIVE/);
  });
});

// Services end to end: kept at their count, updated in turn, healed, drained.
import {
  CreateServiceCommand,
  type CreateServiceCommandInput,
  DeleteServiceCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  ListServicesCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  type Service,
  StopTaskCommand,
  UpdateServiceCommand,
  waitUntilServicesInactive,
  waitUntilServicesStable,
} from '@aws-sdk/client-ecs';
import { testStores } from '@longshore/store/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectAgent, type FakeAgent, obedientAgent, registerInstance } from '../testing/fake-agent.ts';
import { type Harness, openHarness, until } from '../testing/harness.ts';

describe.each(testStores().map((backEnd) => [backEnd.name, backEnd] as const))('services on %s', (_name, backEnd) => {
  let harness: Harness;
  let agent: FakeAgent;
  beforeAll(async () => {
    harness = await openHarness({ backEnd, settleMs: 50 });
    agent = await obedientAgent(harness);
    for (const memory of [64, 65])
      await harness.client.send(
        new RegisterTaskDefinitionCommand({
          family: 'web',
          containerDefinitions: [{ name: 'main', image: 'busybox', memory }],
        }),
      );
    await harness.client.send(
      new RegisterTaskDefinitionCommand({
        family: 'huge',
        containerDefinitions: [{ name: 'main', image: 'busybox', memory: 99_999 }],
      }),
    );
  });
  afterAll(() => harness.close());

  async function create(input: Partial<CreateServiceCommandInput> & { serviceName: string }): Promise<Service> {
    const { service } = await harness.client.send(
      new CreateServiceCommand({ taskDefinition: 'web:1', desiredCount: 2, ...input }),
    );
    if (service === undefined) throw new Error('no service');
    return service;
  }
  async function look(name: string): Promise<Service> {
    const { services } = await harness.client.send(new DescribeServicesCommand({ services: [name] }));
    if (services?.[0] === undefined) throw new Error('no such service');
    return services[0];
  }
  const waiting = () => ({ client: harness.client, maxWaitTime: 30, minDelay: 1, maxDelay: 1 });
  async function tasksOf(serviceName: string): Promise<string[]> {
    return (await harness.client.send(new ListTasksCommand({ serviceName }))).taskArns ?? [];
  }

  test('a service reaches its count, is scaled, replaces what ends, and drains', async () => {
    const made = await create({
      serviceName: 'site',
      propagateTags: 'SERVICE',
      enableECSManagedTags: true,
      tags: [{ key: 'a', value: 'b' }],
    });
    expect(made).toMatchObject({ status: 'ACTIVE', desiredCount: 2, runningCount: 0, schedulingStrategy: 'REPLICA' });
    expect(made.deployments?.[0]).toMatchObject({ status: 'PRIMARY', rolloutState: 'IN_PROGRESS' });
    await waitUntilServicesStable(waiting(), { services: ['site'] });
    const stable = await until(async () => {
      const service = await look('site');
      return service.events?.some((each) => each.message === '(service site) has reached a steady state.')
        ? service
        : undefined;
    });
    expect(stable).toMatchObject({ runningCount: 2, pendingCount: 0 });
    expect(stable.deployments).toMatchObject([{ rolloutState: 'COMPLETED', runningCount: 2 }]);
    expect(
      stable.events?.some((each) =>
        /^\(service site\) has started 2 tasks: \(task [0-9a-f]{32}\) \(task [0-9a-f]{32}\)\.$/.test(
          each.message ?? '',
        ),
      ),
    ).toBe(true);
    const tasks = await tasksOf('site');
    const described = await harness.client.send(new DescribeTasksCommand({ tasks, include: ['TAGS'] }));
    for (const task of described.tasks ?? []) {
      expect(task).toMatchObject({ group: 'service:site', startedBy: stable.deployments?.[0]?.id });
      expect(task.tags).toEqual([
        { key: 'a', value: 'b' },
        { key: 'aws:ecs:clusterName', value: 'default' },
        { key: 'aws:ecs:serviceName', value: 'site' },
      ]);
    }

    await harness.client.send(new UpdateServiceCommand({ service: 'site', desiredCount: 4 }));
    await until(async () => ((await look('site')).runningCount === 4 ? true : undefined));
    await harness.client.send(new UpdateServiceCommand({ service: 'site', desiredCount: 1 }));
    await until(async () => ((await look('site')).runningCount === 1 ? true : undefined));
    const [ended = ''] = await tasksOf('site');
    await harness.client.send(new StopTaskCommand({ task: ended }));
    await until(async () => {
      const now = await tasksOf('site');
      return now.length === 1 && now[0] !== ended && (await look('site')).runningCount === 1 ? true : undefined;
    });

    await expect(harness.client.send(new DeleteServiceCommand({ service: 'site' }))).rejects.toMatchObject({
      name: 'InvalidParameterException',
    });
    const { service } = await harness.client.send(new DeleteServiceCommand({ service: 'site', force: true }));
    expect(service?.status).toBe('DRAINING');
    await waitUntilServicesInactive(waiting(), { services: ['site'] });
    expect(await tasksOf('site')).toEqual([]);
    expect((await harness.client.send(new ListServicesCommand({}))).serviceArns).toEqual([]);
  });

  test('another definition replaces the tasks in turn', async () => {
    await create({ serviceName: 'roll', desiredCount: 3 });
    await waitUntilServicesStable(waiting(), { services: ['roll'] });
    const { service } = await harness.client.send(
      new UpdateServiceCommand({ service: 'roll', taskDefinition: 'web:2' }),
    );
    expect(service?.deployments?.map((each) => each.status)).toEqual(['PRIMARY', 'ACTIVE']);
    await waitUntilServicesStable(waiting(), { services: ['roll'] });
    const tasks = await tasksOf('roll');
    const described = await harness.client.send(new DescribeTasksCommand({ tasks }));
    expect(described.tasks?.map((task) => task.taskDefinitionArn?.split('/')[1])).toEqual(['web:2', 'web:2', 'web:2']);
    const forced = await harness.client.send(new UpdateServiceCommand({ service: 'roll', forceNewDeployment: true }));
    expect(forced.service?.deployments?.length).toBe(2);
    await waitUntilServicesStable(waiting(), { services: ['roll'] });
    expect((await tasksOf('roll')).some((arn) => tasks.includes(arn))).toBe(false);
    await harness.client.send(new DeleteServiceCommand({ service: 'roll', force: true }));
    await waitUntilServicesInactive(waiting(), { services: ['roll'] });
  });

  test('a service whose tasks find no room says so, once', async () => {
    await create({ serviceName: 'big', taskDefinition: 'huge', desiredCount: 1 });
    const service = await until(async () => {
      const found = await look('big');
      return (found.events?.length ?? 0) > 0 ? found : undefined;
    });
    const words = `(service big) was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance ${agent.instanceArn.split('/').at(-1)}) has insufficient memory available.`;
    expect(service.events?.map((each) => each.message)).toEqual([words]);
    await harness.client.send(new UpdateServiceCommand({ service: 'big', desiredCount: 0 }));
    await harness.client.send(new DeleteServiceCommand({ service: 'big' }));
    await waitUntilServicesInactive(waiting(), { services: ['big'] });
  });

  test('tasks that never start are counted and slow the service down', async () => {
    const container = { name: 'main', image: 'none', memory: 3000 };
    await harness.client.send(new RegisterTaskDefinitionCommand({ family: 'bad', containerDefinitions: [container] }));
    // Fills the obedient agent's instance, so that the next one goes to the other.
    await create({ serviceName: 'filler', taskDefinition: 'bad', desiredCount: 1 });
    await until(async () => ((await look('filler')).runningCount === 1 ? true : undefined));
    const picky = await connectAgent(harness, await registerInstance(harness, { memory: 8000 }));
    await create({ serviceName: 'broken', taskDefinition: 'bad', desiredCount: 1 });
    const failures = [];
    for (let failed = 1; failed <= 2; failed++) {
      const [task = ''] = await until(async () => {
        const found = await tasksOf('broken');
        return found.length > 0 ? found : undefined;
      }, 20_000);
      const reason = 'CannotPullContainerError: no';
      await picky.report(task, 'STOPPED', [{ containerName: 'main', status: 'STOPPED', reason }]);
      const counted = await until(async () => {
        const [deployment] = (await look('broken')).deployments ?? [];
        return deployment?.failedTasks === failed ? deployment.failedTasks : undefined;
      });
      failures.push(counted);
    }
    expect(failures).toEqual([1, 2]);
    for (const service of ['broken', 'filler'])
      await harness.client.send(new DeleteServiceCommand({ service, force: true }));
  }, 60_000);

  test('creating is idempotent by token only', async () => {
    const input = { serviceName: 'once', desiredCount: 0, clientToken: 'a-token' };
    const [first, second] = await Promise.all([create(input), create(input)]);
    expect(second.serviceArn).toBe(first.serviceArn);
    await expect(create({ serviceName: 'once', desiredCount: 0 })).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: 'Creation of service was not idempotent.',
    });
    await expect(create({ ...input, desiredCount: 1 })).rejects.toMatchObject({ name: 'ConflictException' });
    await harness.client.send(new DeleteServiceCommand({ service: 'once' }));
    await waitUntilServicesInactive(waiting(), { services: ['once'] });
    const again = await create({ serviceName: 'once', desiredCount: 0 });
    expect(again.status).toBe('ACTIVE');
  });

  test('what is not there or not possible is refused in the words of ECS', async () => {
    const update = (input: object) => harness.client.send(new UpdateServiceCommand({ service: 'none', ...input }));
    await expect(update({})).rejects.toMatchObject({ name: 'ServiceNotFoundException', message: 'Service not found.' });
    const { failures } = await harness.client.send(new DescribeServicesCommand({ services: ['none'] }));
    expect(failures?.[0]?.reason).toBe('MISSING');
    const refused: readonly (readonly [Partial<CreateServiceCommandInput>, string])[] = [
      [{ taskDefinition: 'nothing' }, 'ClientException'],
      [{ schedulingStrategy: 'DAEMON' }, 'InvalidParameterException'],
      [{ deploymentController: { type: 'CODE_DEPLOY' } }, 'UnsupportedFeatureException'],
      [{ loadBalancers: [{ containerName: 'x', containerPort: 1 }] }, 'UnsupportedFeatureException'],
      [
        { deploymentConfiguration: { alarms: { alarmNames: ['a'], enable: true, rollback: true } } },
        'UnsupportedFeatureException',
      ],
      [{ deploymentConfiguration: { minimumHealthyPercent: 100, maximumPercent: 100 } }, 'InvalidParameterException'],
      [{ desiredCount: -1 }, 'InvalidParameterException'],
    ];
    for (const [input, name] of refused)
      await expect(create({ ...input, serviceName: 'x' }), JSON.stringify(input)).rejects.toMatchObject({ name });
  });
});

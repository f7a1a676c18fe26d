// Capacity providers on a real store with scripted agents: the operations, strategies, tasks that wait for machines, and
// machines that come and go with the tasks.
import {
  CreateCapacityProviderCommand,
  CreateClusterCommand,
  CreateServiceCommand,
  DeleteCapacityProviderCommand,
  DescribeCapacityProvidersCommand,
  DescribeContainerInstancesCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  ListContainerInstancesCommand,
  PutClusterCapacityProvidersCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
  TagResourceCommand,
  type Task,
  UpdateCapacityProviderCommand,
} from '@aws-sdk/client-ecs';
import { sql } from '@longshore/store';
import { testStores } from '@longshore/store/testing';
import { describe, expect, test } from 'vitest';
import { obedientAgent, registerInstance } from '../testing/fake-agent.ts';
import { account, type Harness, openHarness, until } from '../testing/harness.ts';
import type { MachineGroup } from '../types.ts';

interface Racks extends MachineGroup {
  readonly tokens: Map<string, string>;
  readonly there: Set<string>;
  failures: number;
}

/** A group whose machines are scripted agents. */
function racks(harness: () => Harness, maxSize = 3): Racks {
  const memory = 100;
  const tokens = new Map<string, string>();
  const there = new Set<string>();
  const group: Racks = {
    tokens,
    there,
    failures: 0,
    minSize: 0,
    maxSize,
    size: { cpu: 1024, memory },
    list: async () => [...there],
    async launch({ token, attributes }) {
      const known = tokens.get(token);
      if (known !== undefined) return known;
      if (group.failures > 0) {
        group.failures -= 1;
        throw new Error('no machine is to be had just now');
      }
      const id = `m-${tokens.size}`;
      tokens.set(token, id);
      there.add(id);
      await obedientAgent(harness(), { cpu: 1024, memory }, { ...attributes, 'longshore.instance-id': id });
      return id;
    },
    terminate: async (id) => void there.delete(id),
  };
  return group;
}

const provider = (name: string, status: 'ENABLED' | 'DISABLED' = 'ENABLED') =>
  new CreateCapacityProviderCommand({
    name,
    autoScalingGroupProvider: { autoScalingGroupArn: 'racks', managedScaling: { status } },
  });

async function open(more: { readonly maxSize?: number } = {}) {
  // PostgreSQL where there is one; SQLite has the whole-system test.
  const backEnd = testStores().at(-1);
  if (backEnd === undefined) throw new Error('no store');
  const made: { harness?: Harness } = {};
  const group = racks(() => made.harness as Harness, more.maxSize);
  const harness = await openHarness({
    backEnd,
    scaleInAfterMs: 200,
    machineGroup: (_account, name) => (name === 'racks' ? group : undefined),
  });
  made.harness = harness;
  const containerDefinitions = [{ name: 'main', image: 'busybox', memory: 60 }];
  await harness.client.send(new RegisterTaskDefinitionCommand({ family: 'f', containerDefinitions }));
  return { harness, group, client: harness.client };
}

async function describeTasks({ client }: Harness, arns: string[]): Promise<Task[]> {
  return (await client.send(new DescribeTasksCommand({ tasks: arns }))).tasks ?? [];
}

const running = (harness: Harness, arns: string[]) =>
  until(async () => {
    const tasks = await describeTasks(harness, arns);
    return tasks.every((each) => each.lastStatus === 'RUNNING') ? tasks : undefined;
  }, 20_000);

test('are made, described, changed, tagged and deleted with the words of ECS', async () => {
  const { harness, client } = await open();
  const { capacityProvider } = await client.send(provider('one'));
  expect(capacityProvider).toMatchObject({
    name: 'one',
    status: 'ACTIVE',
    autoScalingGroupProvider: {
      autoScalingGroupArn: 'racks',
      managedScaling: { status: 'ENABLED', targetCapacity: 100, minimumScalingStepSize: 1, instanceWarmupPeriod: 300 },
      managedTerminationProtection: 'DISABLED',
      managedDraining: 'ENABLED',
    },
  });
  await expect(client.send(provider('one'))).rejects.toThrow(/already exists/);
  await expect(client.send(provider('fargate-2'))).rejects.toThrow(/cannot be prefixed/);
  const nowhere = { autoScalingGroupArn: 'nowhere', managedScaling: {} };
  await expect(
    client.send(new CreateCapacityProviderCommand({ name: 'two', autoScalingGroupProvider: nowhere })),
  ).rejects.toThrow(/does not exist/);
  const resourceArn = capacityProvider?.capacityProviderArn ?? '';
  await client.send(new TagResourceCommand({ resourceArn, tags: [{ key: 'a', value: 'b' }] }));
  await client.send(
    new UpdateCapacityProviderCommand({
      name: 'one',
      autoScalingGroupProvider: { managedScaling: { targetCapacity: 90 }, managedTerminationProtection: 'ENABLED' },
    }),
  );
  const described = await client.send(
    new DescribeCapacityProvidersCommand({ capacityProviders: ['one', 'two'], include: ['TAGS'] }),
  );
  expect(described.failures).toMatchObject([{ reason: 'MISSING' }]);
  expect(described.capacityProviders).toMatchObject([
    {
      tags: [{ key: 'a', value: 'b' }],
      updateStatus: 'UPDATE_COMPLETE',
      autoScalingGroupProvider: { managedScaling: { targetCapacity: 90 }, managedTerminationProtection: 'ENABLED' },
    },
  ]);
  expect((await harness.stranger.send(new DescribeCapacityProvidersCommand({}))).capacityProviders).toEqual([]);

  const put = new PutClusterCapacityProvidersCommand({
    cluster: 'default',
    capacityProviders: ['one'],
    defaultCapacityProviderStrategy: [{ capacityProvider: 'one', weight: 1 }],
  });
  expect((await client.send(put)).cluster).toMatchObject({
    capacityProviders: ['one'],
    defaultCapacityProviderStrategy: [{ capacityProvider: 'one', weight: 1, base: 0 }],
  });
  await expect(client.send(new DeleteCapacityProviderCommand({ capacityProvider: 'one' }))).rejects.toThrow(
    /associated with cluster: default/,
  );
  await expect(
    client.send(new CreateClusterCommand({ clusterName: 'other', capacityProviders: ['three'] })),
  ).rejects.toThrow(/'three' was not found/);
  const none = { cluster: 'default', capacityProviders: [], defaultCapacityProviderStrategy: [] };
  await client.send(new PutClusterCapacityProvidersCommand(none));
  const deleted = await client.send(new DeleteCapacityProviderCommand({ capacityProvider: 'one' }));
  expect(deleted.capacityProvider?.status).toBe('INACTIVE');
  expect((await client.send(new DescribeCapacityProvidersCommand({}))).capacityProviders).toEqual([]);
  await harness.close();
}, 60_000);

describe('managed scaling', () => {
  async function scaled(more: { readonly maxSize?: number } = {}) {
    const opened = await open(more);
    await opened.client.send(provider('one'));
    await opened.client.send(
      new PutClusterCapacityProvidersCommand({
        cluster: 'default',
        capacityProviders: ['one'],
        defaultCapacityProviderStrategy: [{ capacityProvider: 'one', weight: 1 }],
      }),
    );
    return opened;
  }

  test('tasks wait in PROVISIONING until machines have come; machines that are empty go', async () => {
    const { harness, group, client } = await scaled();
    group.failures = 1;
    const left = (count: number) =>
      until(async () => {
        const { containerInstanceArns } = await client.send(new ListContainerInstancesCommand({}));
        return containerInstanceArns?.length === count ? true : undefined;
      }, 20_000);
    const launched = await client.send(new RunTaskCommand({ taskDefinition: 'f', count: 2 }));
    expect(launched.failures).toEqual([]);
    expect(launched.tasks).toMatchObject([
      { lastStatus: 'PROVISIONING', desiredStatus: 'RUNNING', capacityProviderName: 'one' },
      { lastStatus: 'PROVISIONING' },
    ]);
    expect(launched.tasks?.[0]?.containerInstanceArn).toBeUndefined();
    const arns = (launched.tasks ?? []).map((each) => each.taskArn ?? '');
    const tasks = await running(harness, arns);
    expect(new Set(tasks.map((each) => each.containerInstanceArn)).size).toBe(2);
    expect(group.there.size).toBe(2);
    const { containerInstances } = await client.send(
      new DescribeContainerInstancesCommand({ containerInstances: [tasks[0]?.containerInstanceArn ?? ''] }),
    );
    expect(containerInstances).toMatchObject([
      { capacityProviderName: 'one', ec2InstanceId: expect.stringMatching(/^m-/) },
    ]);

    await client.send(new StopTaskCommand({ task: arns[0] }));
    await left(1);
    // The one with a task stays, whatever time goes by.
    expect((await describeTasks(harness, [arns[1] ?? '']))[0]?.lastStatus).toBe('RUNNING');
    await client.send(new StopTaskCommand({ task: arns[1] }));
    await left(0);
    expect(group.there.size).toBe(0);
    expect((await harness.store.get<{ n: number }>(sql`SELECT COUNT(*) AS n FROM ecs_machines`))?.n).toBe(0);
    await harness.close();
  }, 60_000);

  test('a service follows the strategy of its cluster; its tasks are pending while they wait', async () => {
    const { harness, client } = await scaled();
    const { service } = await client.send(
      new CreateServiceCommand({ serviceName: 's', taskDefinition: 'f', desiredCount: 2 }),
    );
    expect(service).toMatchObject({ capacityProviderStrategy: [{ capacityProvider: 'one' }] });
    expect(service?.launchType).toBeUndefined();
    const counts = async () => {
      const { services } = await client.send(new DescribeServicesCommand({ services: ['s'] }));
      return [services?.[0]?.pendingCount ?? 0, services?.[0]?.runningCount ?? 0];
    };
    await until(async () => ((await counts()).join() === '0,2' ? true : undefined), 20_000);
    await harness.close();
  }, 60_000);

  test('stays within the bounds of the group; who waits can be stopped', async () => {
    const { harness, group, client } = await scaled({ maxSize: 1 });
    const { tasks } = await client.send(new RunTaskCommand({ taskDefinition: 'f', count: 2 }));
    const arns = (tasks ?? []).map((each) => each.taskArn ?? '');
    const one = await until(async () => {
      const found = await describeTasks(harness, arns);
      return found.some((each) => each.lastStatus === 'RUNNING') ? found : undefined;
    }, 20_000);
    const waits = one.find((each) => each.lastStatus === 'PROVISIONING')?.taskArn;
    expect(waits).toBeDefined();
    await registerInstance(harness);
    const why = await harness.containers.explain(account, { task: waits ?? '' });
    expect(why?.reasons['MEMBER_OF']).toBe(1);
    const { task } = await client.send(new StopTaskCommand({ task: waits }));
    expect(task).toMatchObject({ lastStatus: 'STOPPED', stopCode: 'UserInitiated' });
    expect(group.tokens.size).toBe(1);
    await harness.close();
  }, 60_000);

  test('a machine that its cloud took away leaves the cluster, and its place is filled', async () => {
    const { harness, group, client } = await scaled();
    const { tasks } = await client.send(new RunTaskCommand({ taskDefinition: 'f' }));
    const arn = tasks?.[0]?.taskArn ?? '';
    await running(harness, [arn]);
    group.there.delete('m-0');
    const stopped = await until(async () => {
      const [task] = await describeTasks(harness, [arn]);
      return task?.lastStatus === 'STOPPED' ? task : undefined;
    }, 20_000);
    expect(stopped.stopCode).toBe('TerminationNotice');
    const again = await client.send(new RunTaskCommand({ taskDefinition: 'f' }));
    await running(harness, [again.tasks?.[0]?.taskArn ?? '']);
    await harness.close();
  }, 60_000);

  test('machines of a provider that the cluster gave up go, and only then can it be deleted', async () => {
    const { harness, group, client } = await scaled();
    const { tasks } = await client.send(new RunTaskCommand({ taskDefinition: 'f' }));
    const arn = tasks?.[0]?.taskArn ?? '';
    await running(harness, [arn]);
    const none = { cluster: 'default', capacityProviders: [], defaultCapacityProviderStrategy: [] };
    await expect(client.send(new PutClusterCapacityProvidersCommand(none))).rejects.toThrow(/in use/);
    await client.send(new StopTaskCommand({ task: arn }));
    await until(async () => {
      const [task] = await describeTasks(harness, [arn]);
      return task?.lastStatus === 'STOPPED' ? true : undefined;
    });
    await client.send(new PutClusterCapacityProvidersCommand(none));
    const remove = () => client.send(new DeleteCapacityProviderCommand({ capacityProvider: 'one' }));
    await until(async () => {
      const left = await client.send(new ListContainerInstancesCommand({}));
      return left.containerInstanceArns?.length === 0 ? true : undefined;
    }, 20_000);
    await until(() =>
      remove().then(
        () => true,
        () => undefined,
      ),
    );
    expect(group.there.size).toBe(0);
    await harness.close();
  }, 60_000);

  test('a launch type or a strategy, not both; a provider of the cluster only; without scaling no task waits', async () => {
    const { harness, client } = await scaled();
    await client.send(provider('still', 'DISABLED'));
    const strategy = [{ capacityProvider: 'one' }];
    await expect(
      client.send(new RunTaskCommand({ taskDefinition: 'f', launchType: 'EC2', capacityProviderStrategy: strategy })),
    ).rejects.toThrow(/both a launch type/);
    const still = [{ capacityProvider: 'still' }];
    const run = new RunTaskCommand({ taskDefinition: 'f', capacityProviderStrategy: still });
    await expect(client.send(run)).rejects.toThrow(/not associated with the cluster/);
    await client.send(
      new PutClusterCapacityProvidersCommand({
        cluster: 'default',
        capacityProviders: ['one', 'still'],
        defaultCapacityProviderStrategy: [],
      }),
    );
    const refused = await client.send(run);
    expect(refused).toMatchObject({ tasks: [], failures: [{ reason: 'CAPACITY' }] });
    await harness.close();
  }, 60_000);
});

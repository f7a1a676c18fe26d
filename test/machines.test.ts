// Three machines, each with a Docker Engine and an agent of its own, and one control plane: what is placed where, and that
// everything is as it should be again after a machine, an Engine or the control plane was away.
import {
  CreateServiceCommand,
  DeleteServiceCommand,
  DescribeContainerInstancesCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  DescribeTaskDefinitionCommand,
  type ECSClient,
  ListContainerInstancesCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  type RunTaskCommandInput,
  type Service,
  type Task,
  UpdateContainerInstancesStateCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { taskArns } from './support/ecs.ts';
import { sleeps } from './support/images.ts';
import { until } from './support/longshore.ts';
import { type Machine, type Machines, startMachines, whyNoMachines } from './support/machines.ts';

/** What takes minutes in real life, made short. `LONGSHORE_TEST_AWAY=120` makes the control plane's absence real. */
const times = { LONGSHORE_AGENT_TTL: '4s', LONGSHORE_AGENT_LOST_AFTER: '2s', LONGSHORE_AGENT_RETURN_GRACE: '60s' };
const awayMs = Number(process.env['LONGSHORE_TEST_AWAY'] ?? '8') * 1000;
/** A task is healthy after 40 s unless it says so itself. */
const healthCheck = { command: ['CMD', 'true'], interval: 5, retries: 3, timeout: 5 };

describe.skipIf(whyNoMachines)('three machines', () => {
  let machines: Machines;
  let ecs: ECSClient;
  let image: string;

  beforeAll(async () => {
    const attributes = (index: number) => ({ rack: index === 2 ? 'b' : 'a' });
    machines = await startMachines({
      count: 3,
      machine: (index) => ({ attributes: attributes(index) }),
      server: { env: times },
    });
    ({ ecs } = machines);
    image = await machines.pushBusybox('sleeper:1');
    const main = { name: 'main', image, command: [...sleeps], stopTimeout: 2 };
    const definitions = [
      { family: 'sleeper', containerDefinitions: [{ ...main, memory: 100 }] },
      { family: 'web', containerDefinitions: [{ ...main, memory: 60, healthCheck }] },
      { family: 'broken', containerDefinitions: [{ ...main, memory: 60, command: ['/no/such/program'] }] },
    ];
    for (const each of definitions) await ecs.send(new RegisterTaskDefinitionCommand({ networkMode: 'none', ...each }));
  }, 120_000);
  afterAll(() => machines?.[Symbol.asyncDispose](), 60_000);
  afterEach(clean, 60_000);

  /** Nothing of a test is left to the next. */
  async function clean(): Promise<void> {
    const { services } = await ecs.send(new DescribeServicesCommand({ services: ['web', 'each'] }));
    for (const { serviceName: service } of (services ?? []).filter((each) => each.status === 'ACTIVE'))
      await ecs.send(new DeleteServiceCommand({ service, force: true }));
    for (const arn of await taskArns(ecs, 'RUNNING')) await machines.stopTask(arn);
    await until('nothing runs any more', async () => {
      const running = await Promise.all(machines.all.map((each) => each.running()));
      return running.flat().length === 0;
    });
    await until('no service is draining', async () => {
      const left = (await ecs.send(new DescribeServicesCommand({ services: ['web', 'each'] }))).services ?? [];
      return left.every((each) => each.status === 'INACTIVE');
    });
  }

  /** The machine's tasks, by task ARN, one for each live container. */
  const running = (index: number) => machine(index).running();
  function machine(index: number): Machine {
    const found = machines.all[index];
    if (found === undefined) throw new Error('no such machine');
    return found;
  }
  async function counts(): Promise<number[]> {
    return (await Promise.all(machines.all.map((each) => each.running()))).map((each) => each.length);
  }

  async function runTasks(input: RunTaskCommandInput): Promise<string[]> {
    const { tasks, failures } = await ecs.send(new RunTaskCommand(input));
    expect(failures).toEqual([]);
    const arns = (tasks ?? []).map((each) => each.taskArn ?? '');
    await until('they run', async () => {
      const described = await describeTasks(arns);
      return described.every((each) => each.lastStatus === 'RUNNING');
    });
    return arns;
  }

  async function describeTasks(arns: string[]): Promise<Task[]> {
    return (await ecs.send(new DescribeTasksCommand({ tasks: arns }))).tasks ?? [];
  }

  async function service(name: string): Promise<Service | undefined> {
    return (await ecs.send(new DescribeServicesCommand({ services: [name] }))).services?.[0];
  }

  /** One deployment, as many tasks running as desired. */
  async function stable(name: string, timeoutMs?: number): Promise<Service> {
    const isStable = async () => {
      const found = await service(name);
      return found?.deployments?.length === 1 && found.runningCount === found.desiredCount && found;
    };
    return until(`${name} is stable`, isStable, timeoutMs);
  }

  async function agentConnected(index: number): Promise<boolean> {
    const asked = { containerInstances: [machine(index).instanceArn() ?? ''] };
    const { containerInstances } = await ecs.send(new DescribeContainerInstancesCommand(asked));
    return containerInstances?.[0]?.agentConnected ?? false;
  }

  test('register with their addresses', async () => {
    const { containerInstanceArns } = await ecs.send(new ListContainerInstancesCommand({}));
    const { containerInstances } = await ecs.send(
      new DescribeContainerInstancesCommand({ containerInstances: containerInstanceArns ?? [] }),
    );
    const addresses = containerInstances?.map(
      (each) => each.attributes?.find((one) => one.name === 'longshore.address')?.value,
    );
    expect(addresses?.toSorted()).toEqual(machines.all.map((each) => each.address).toSorted());
  });

  test('spread puts one task on each, binpack all on one, and a constraint only where it holds', async () => {
    const spread = [{ type: 'spread' as const, field: 'instanceId' }];
    await runTasks({ taskDefinition: 'sleeper', count: 3, placementStrategy: spread });
    expect(await counts()).toEqual([1, 1, 1]);
    await clean();
    const binpack = [{ type: 'binpack' as const, field: 'memory' }];
    await runTasks({ taskDefinition: 'sleeper', count: 4, placementStrategy: binpack });
    expect((await counts()).toSorted((a, b) => a - b)).toEqual([0, 0, 4]);
    await clean();
    const inRack = [{ type: 'memberOf' as const, expression: 'attribute:rack == b' }];
    await runTasks({ taskDefinition: 'sleeper', count: 2, placementConstraints: inRack });
    expect(await counts()).toEqual([0, 0, 2]);
  }, 60_000);

  test('a daemon runs once on each machine', async () => {
    await ecs.send(
      new CreateServiceCommand({ serviceName: 'each', taskDefinition: 'web', schedulingStrategy: 'DAEMON' }),
    );
    await until('one runs on each', async () => (await counts()).join() === '1,1,1');
    expect(new Set((await Promise.all(machines.all.map((each) => each.running()))).flat()).size).toBe(3);
  }, 60_000);

  test('a deployment whose tasks do not start is rolled back by the circuit breaker', async () => {
    await ecs.send(
      new CreateServiceCommand({
        serviceName: 'web',
        taskDefinition: 'web',
        desiredCount: 2,
        deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } },
      }),
    );
    const before = await stable('web');
    // Only a deployment that was completed, all its tasks healthy, is one to go back to.
    await until('it is completed', async () => (await service('web'))?.deployments?.[0]?.rolloutState === 'COMPLETED');
    await ecs.send(new UpdateServiceCommand({ service: 'web', taskDefinition: 'broken' }));
    await until('the deployment failed', async () => {
      const events = (await service('web'))?.events ?? [];
      return events.some((each) => /rolling back/i.test(each.message ?? ''));
    });
    const after = await stable('web');
    expect(after.taskDefinition).toBe(before.taskDefinition);
    const { taskDefinition } = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: 'web' }));
    expect(after.deployments?.[0]?.taskDefinition).toBe(taskDefinition?.taskDefinitionArn);
  }, 120_000);

  test('draining moves the tasks of services away, never below the minimum, and leaves others', async () => {
    const onFirst = [{ type: 'memberOf' as const, expression: 'attribute:longshore.address == ' + machine(0).address }];
    const [alone] = await runTasks({ taskDefinition: 'sleeper', placementConstraints: onFirst });
    await ecs.send(new CreateServiceCommand({ serviceName: 'web', taskDefinition: 'web', desiredCount: 3 }));
    await stable('web');
    expect(await counts()).toEqual([2, 1, 1]);
    const drained = [machine(0).instanceArn() ?? ''];
    await ecs.send(new UpdateContainerInstancesStateCommand({ containerInstances: drained, status: 'DRAINING' }));
    await until('the first machine runs only the lone task', async () => {
      const found = await service('web');
      expect(found?.runningCount).toBeGreaterThanOrEqual(3);
      return (await running(0)).join() === alone;
    });
    await stable('web');
    const [, second, third] = await counts();
    expect((second ?? 0) + (third ?? 0)).toBe(3);
    await ecs.send(new UpdateContainerInstancesStateCommand({ containerInstances: drained, status: 'ACTIVE' }));
    await runTasks({ taskDefinition: 'sleeper', placementConstraints: onFirst });
  }, 120_000);

  test('a machine that is cut off is replaced; when it is back, one copy of each task is left', async () => {
    await ecs.send(new CreateServiceCommand({ serviceName: 'web', taskDefinition: 'web', desiredCount: 3 }));
    const [alone] = await runTasks({
      taskDefinition: 'sleeper',
      placementConstraints: [{ type: 'memberOf', expression: 'attribute:rack == b' }],
    });
    await stable('web');
    expect(await counts()).toEqual([1, 1, 2]);
    await machine(2).cut();
    try {
      await until('its agent is missed', async () => !(await agentConnected(2)));
      await until(
        'the others run three',
        async () => (await counts()).join() === '2,1,2' || (await counts()).join() === '1,2,2',
      );
      const [left] = await describeTasks([alone ?? '']);
      expect(left).toMatchObject({ lastStatus: 'RUNNING', desiredStatus: 'RUNNING', connectivity: 'DISCONNECTED' });
    } finally {
      await machine(2).restore();
    }
    await until('its agent is back', () => agentConnected(2));
    await until('one of each is left', async () => {
      const live = (await Promise.all(machines.all.map((each) => each.running()))).flat();
      return live.length === 4 && new Set(live).size === 4 && live.includes(alone ?? '');
    });
    await stable('web');
    const { containerInstances } = await ecs.send(
      new DescribeContainerInstancesCommand({
        containerInstances: machines.all.map((each) => each.instanceArn() ?? ''),
      }),
    );
    for (const [index, each] of (await counts()).entries()) {
      const mine = containerInstances?.find((one) => one.containerInstanceArn === machine(index).instanceArn());
      expect(mine?.runningTasksCount).toBe(each);
      const free = mine?.remainingResources?.find((one) => one.name === 'MEMORY')?.integerValue ?? 0;
      const others = (await running(index)).includes(alone ?? '') ? 100 - 60 : 0;
      expect(free).toBe(512 - each * 60 - others);
    }
  }, 120_000);

  test(
    'while the control plane is away nothing stops, and nothing is replaced when it is back',
    async () => {
      await ecs.send(new CreateServiceCommand({ serviceName: 'web', taskDefinition: 'web', desiredCount: 3 }));
      await runTasks({ taskDefinition: 'sleeper', count: 2 });
      await stable('web');
      const before = (await Promise.all(machines.all.map((each) => each.containers()))).flat();
      const alive = (all: typeof before) =>
        all
          .filter((each) => each.state === 'running')
          .map((each) => each.id)
          .toSorted();
      await machines.stopControlPlane('SIGKILL');
      // Longer than it takes to be lost when the control plane is there.
      const backAt = Date.now() + awayMs;
      await until('the time is over', () => Date.now() >= backAt, awayMs + 10_000);
      expect(alive((await Promise.all(machines.all.map((each) => each.containers()))).flat())).toEqual(alive(before));
      await machines.startControlPlane();
      await machines.connected();
      await stable('web');
      const after = (await Promise.all(machines.all.map((each) => each.containers()))).flat();
      expect(alive(after)).toEqual(alive(before));
    },
    120_000 + awayMs,
  );

  test('an Engine that restarts is brought to what is wanted', async () => {
    await ecs.send(new CreateServiceCommand({ serviceName: 'web', taskDefinition: 'web', desiredCount: 3 }));
    await stable('web');
    const old = await taskArns(ecs, 'RUNNING');
    const [lost] = await running(1);
    await machine(1).engine.stop();
    await machine(1).engine.start();
    await until('the stopped task was told and replaced', async () => {
      const arns = await taskArns(ecs, 'RUNNING');
      return arns.length === 3 && !arns.includes(lost ?? '');
    });
    await stable('web');
    const live = (await Promise.all(machines.all.map((each) => each.running()))).flat().toSorted();
    expect(live).toEqual((await taskArns(ecs, 'RUNNING')).toSorted());
    expect(live.filter((arn) => old.includes(arn))).toHaveLength(2);
  }, 120_000);
});

// Placement through the API: constraints of request and definition, filters, GPUs, and what is said when there is no room.
import {
  CreateServiceCommand,
  DeleteServiceCommand,
  DescribeContainerInstancesCommand,
  DescribeTaskDefinitionCommand,
  ListContainerInstancesCommand,
  type PlacementConstraint,
  PutAttributesCommand,
  RegisterContainerInstanceCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { sql } from '@longshore/store';
import { testStores } from '@longshore/store/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectAgent, registerInstance, registration } from '../testing/fake-agent.ts';
import { account, type Harness, openHarness, otherAccount, until } from '../testing/harness.ts';

describe.each(testStores().map((backEnd) => [backEnd.name, backEnd] as const))('placement on %s', (_n, backEnd) => {
  let harness: Harness;
  const instances: string[] = [];
  beforeAll(async () => {
    harness = await openHarness({ backEnd });
    for (const zone of ['a', 'a', 'b']) {
      const arn = await registerInstance(harness, { memory: 1000 });
      instances.push(arn);
      const attributes = [{ name: 'zone', value: zone, targetId: arn }];
      await harness.client.send(new PutAttributesCommand({ attributes }));
      await connectAgent(harness, arn);
    }
    const container = { name: 'main', image: 'busybox', memory: 100 };
    await harness.client.send(new RegisterTaskDefinitionCommand({ family: 'f', containerDefinitions: [container] }));
  });
  afterAll(() => harness.close());

  const memberOf = (expression: string): PlacementConstraint[] => [{ type: 'memberOf', expression }];

  async function list(filter: string): Promise<number[]> {
    const { containerInstanceArns } = await harness.client.send(new ListContainerInstancesCommand({ filter }));
    return (containerInstanceArns ?? []).map((arn) => instances.indexOf(arn)).toSorted((a, b) => a - b);
  }

  test('a filter selects instances by attributes, by tasks that run and by their groups', async () => {
    expect(await list('attribute:zone == a')).toEqual([0, 1]);
    expect(await list('attribute:zone == a and not(agentConnected == true)')).toEqual([]);
    const input = { taskDefinition: 'f', group: 'db', placementConstraints: memberOf('attribute:zone == b') };
    const { tasks } = await harness.client.send(new RunTaskCommand(input));
    expect(await list('task:group == db')).toEqual([2]);
    expect(await list('runningTasksCount == 0')).toEqual([0, 1, 2]);
    await harness.client.send(new StopTaskCommand({ task: tasks?.[0]?.taskArn }));
    await expect(list('zone == a')).rejects.toMatchObject({ name: 'InvalidParameterException' });
  });

  test('constraints of the request and of the definition both count, and what is not met is said', async () => {
    const containerDefinitions = [{ name: 'main', image: 'busybox', memory: 10 }];
    const placementConstraints = [{ type: 'memberOf' as const, expression: 'attribute:zone == a' }];
    await harness.client.send(
      new RegisterTaskDefinitionCommand({ family: 'here', containerDefinitions, placementConstraints }),
    );
    const { taskDefinition } = await harness.client.send(new DescribeTaskDefinitionCommand({ taskDefinition: 'here' }));
    expect(taskDefinition?.placementConstraints).toEqual(placementConstraints);
    const both = { taskDefinition: 'here', count: 3, placementConstraints: [{ type: 'distinctInstance' as const }] };
    const { tasks, failures } = await harness.client.send(new RunTaskCommand(both));
    expect(new Set(tasks?.map((task) => task.containerInstanceArn))).toEqual(new Set(instances.slice(0, 2)));
    const unsatisfied = 'MemberOf placement constraint unsatisfied.';
    const said = new Map(failures?.map(({ arn, reason, detail }) => [arn, [reason, detail]]));
    const wrongZone = [unsatisfied, "attribute:zone == 'a'"];
    const taken = [unsatisfied, undefined];
    expect(instances.map((arn) => said.get(arn))).toEqual([taken, taken, wrongZone]);
  });

  test('a changed attribute counts in the next decision', async () => {
    const run = () =>
      harness.client.send(
        new RunTaskCommand({ taskDefinition: 'f', placementConstraints: memberOf('attribute:tier == gold') }),
      );
    expect((await run()).tasks).toEqual([]);
    const attributes = [{ name: 'tier', value: 'gold', targetId: instances[1] }];
    await harness.client.send(new PutAttributesCommand({ attributes }));
    expect((await run()).tasks?.[0]?.containerInstanceArn).toBe(instances[1]);
  });

  test('spread over an attribute, then the emptiest instance first', async () => {
    const { tasks } = await harness.client.send(
      new RunTaskCommand({
        taskDefinition: 'f',
        group: 'spread',
        count: 4,
        placementStrategy: [
          { type: 'spread', field: 'attribute:zone' },
          { type: 'spread', field: 'instanceId' },
        ],
      }),
    );
    const counts = instances.map((arn) => tasks?.filter((task) => task.containerInstanceArn === arn).length);
    expect(counts).toEqual([1, 1, 2]);
  });

  test('what speaks against each instance is explained, for tasks, services and definitions', async () => {
    const containerDefinitions = [{ name: 'main', image: 'busybox', memory: 4000, cpu: 1 }];
    const placementConstraints = [{ type: 'memberOf' as const, expression: 'attribute:zone == a' }];
    await harness.client.send(
      new RegisterTaskDefinitionCommand({ family: 'big', containerDefinitions, placementConstraints }),
    );
    const big = await harness.containers.explain(account, { taskDefinition: 'big' });
    expect(big).toMatchObject({ kind: 'definition', fits: 0, instances: 3 });
    expect(big?.reasons).toEqual({ 'RESOURCE:MEMORY': 3, MEMBER_OF: 1 });
    const b = big?.answers.find((each) => each.arn === instances[2]);
    expect(b?.reasons[0]).toEqual({ reason: 'MEMBER_OF', detail: "it does not meet: attribute:zone == 'a'" });
    expect(b?.reasons[1]?.detail).toMatch(/^4000 MiB are needed, \d+ are left$/);

    await harness.client.send(
      new CreateServiceCommand({
        serviceName: 'wide',
        taskDefinition: 'f',
        desiredCount: 4,
        placementConstraints: [{ type: 'distinctInstance' }],
      }),
    );
    await until(async () => {
      const answer = await harness.containers.explain(account, { service: 'wide' });
      return answer?.reasons['DISTINCT_INSTANCE'] === 3 && answer.state[0]?.startsWith('4 desired') ? true : undefined;
    });
    await harness.client.send(new DeleteServiceCommand({ service: 'wide', force: true }));

    const { tasks } = await harness.client.send(new RunTaskCommand({ taskDefinition: 'f' }));
    const task = await harness.containers.explain(account, { task: tasks?.[0]?.taskArn ?? '' });
    expect(task).toMatchObject({ kind: 'task', fits: 3 });
    expect(task?.state[0]).toContain('PENDING, desired RUNNING');

    const constraints = [...memberOf('attribute:zone == b'), { type: 'distinctInstance' as const }];
    const constrained = { taskDefinition: 'f', group: 'alone', placementConstraints: constraints };
    const [only] = (await harness.client.send(new RunTaskCommand(constrained))).tasks ?? [];
    expect(only?.containerInstanceArn).toBe(instances[2]);
    const why = await harness.containers.explain(account, { task: only?.taskArn ?? '' });
    expect(why).toMatchObject({ fits: 0, reasons: { MEMBER_OF: 2, DISTINCT_INSTANCE: 1 } });
    expect(await harness.containers.explain(account, { task: 'none' })).toBeUndefined();
    expect(await harness.containers.explain(otherAccount, { taskDefinition: 'f' })).toBeUndefined();
  });

  test('each GPU is given to one task at a time', async () => {
    const resources = [{ name: 'GPU', type: 'STRINGSET', stringSetValue: ['gpu-a', 'gpu-b', 'gpu-c'] }];
    const base = registration();
    const totalResources = [...(base.totalResources ?? []), ...resources];
    const { containerInstance } = await harness.client.send(
      new RegisterContainerInstanceCommand({ ...base, totalResources }),
    );
    const arn = containerInstance?.containerInstanceArn ?? '';
    const agent = await connectAgent(harness, arn);
    const need = [{ type: 'GPU', value: '1' }];
    const containerDefinitions = [
      { name: 'none', image: 'busybox', memory: 10 },
      { name: 'one', image: 'busybox', memory: 10 },
    ];
    await harness.client.send(new RegisterTaskDefinitionCommand({ family: 'gpu', containerDefinitions }));
    await harness.store.write([
      {
        sql: sql`UPDATE ecs_task_definitions SET document = REPLACE(document, '"name":"one",',
          ${`"name":"one","resourceRequirements":${JSON.stringify(need)},`}) WHERE family = 'gpu'`,
        expect: 1,
      },
    ]);
    const { tasks, failures } = await harness.client.send(new RunTaskCommand({ taskDefinition: 'gpu', count: 4 }));
    expect(tasks?.map((task) => task.containerInstanceArn)).toEqual([arn, arn, arn]);
    expect(failures?.find((each) => each.arn === arn)?.reason).toBe('RESOURCE:GPU');
    const left = async () => {
      const command = new DescribeContainerInstancesCommand({ containerInstances: [arn] });
      const [shown] = (await harness.client.send(command)).containerInstances ?? [];
      return shown?.remainingResources?.find((each) => each.name === 'GPU')?.stringSetValue;
    };
    expect(await left()).toEqual([]);
    await harness.client.send(new StopTaskCommand({ task: tasks?.[1]?.taskArn }));
    await agent.report(tasks?.[1]?.taskArn ?? '', 'STOPPED');
    const [free] = (await left()) ?? [];
    const given = await harness.store.all<{ document: string }>(
      sql`SELECT document FROM ecs_tasks WHERE family = 'gpu' ORDER BY arn`,
    );
    const ids = given.map((row) => (JSON.parse(row.document) as { gpus: { one: string[] } }).gpus.one);
    expect(ids.flat().toSorted()).toEqual(['gpu-a', 'gpu-b', 'gpu-c']);
    const again = await harness.client.send(new RunTaskCommand({ taskDefinition: 'gpu' }));
    expect(again.tasks?.length).toBe(1);
    const [row] = await harness.store.all<{ document: string }>(
      sql`SELECT document FROM ecs_tasks WHERE arn = ${again.tasks?.[0]?.taskArn ?? ''}`,
    );
    expect(JSON.parse(row?.document ?? '')).toMatchObject({ gpus: { one: [free] } });
  });
});

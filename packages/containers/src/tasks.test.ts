// Tasks end to end: the real ECS client on one side, a scripted agent on a real websocket on the other.
import {
  DeregisterContainerInstanceCommand,
  DescribeContainerInstancesCommand,
  DescribeTasksCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  type RunTaskCommandInput,
  StartTaskCommand,
  StopTaskCommand,
  SubmitContainerStateChangeCommand,
  SubmitTaskStateChangeCommand,
} from '@aws-sdk/client-ecs';
import { sql } from '@longshore/store';
import { testStores } from '@longshore/store/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectAgent, registerInstance, type FakeAgent } from './testing/fake-agent.ts';
import { type Harness, openHarness, until } from './testing/harness.ts';

describe.each(testStores().map((backEnd) => [backEnd.name, backEnd] as const))('tasks on %s', (_name, backEnd) => {
  let harness: Harness;
  let agent: FakeAgent;
  let instance: string;

  beforeAll(async () => {
    harness = await openHarness({ backEnd });
    instance = await registerInstance(harness);
    agent = await connectAgent(harness, instance);
    for (const [family, container] of [
      ['small', { memory: 64 }],
      ['web', { memory: 64, portMappings: [{ containerPort: 80, hostPort: 8080 }] }],
      ['dynamic', { memory: 64, portMappings: [{ containerPort: 80 }] }],
      ['huge', { memory: 100_000 }],
      ['needy', { memory: 64, privileged: true }],
      ['cpu', { memory: 64, cpu: 4096 }],
    ] as const)
      await harness.client.send(
        new RegisterTaskDefinitionCommand({
          family,
          containerDefinitions: [
            {
              name: 'main',
              image: 'busybox',
              ...container,
              portMappings: [...('portMappings' in container ? container.portMappings : [])],
            },
          ],
        }),
      );
  });
  afterAll(() => harness.close());

  async function run(input: Partial<RunTaskCommandInput> & { taskDefinition: string }) {
    return harness.client.send(new RunTaskCommand(input));
  }
  async function runOne(taskDefinition: string): Promise<string> {
    const { tasks } = await run({ taskDefinition });
    const arn = tasks?.[0]?.taskArn;
    if (arn === undefined) throw new Error('not placed');
    return arn;
  }
  async function look(arn: string) {
    const { tasks } = await harness.client.send(new DescribeTasksCommand({ tasks: [arn] }));
    const task = tasks?.[0];
    if (task === undefined) throw new Error('no such task');
    return task;
  }
  async function remaining() {
    const { containerInstances } = await harness.client.send(
      new DescribeContainerInstancesCommand({ containerInstances: [instance] }),
    );
    const [cpu, memory, tcp] = containerInstances?.[0]?.remainingResources ?? [];
    return { cpu: cpu?.integerValue, memory: memory?.integerValue, tcp: tcp?.stringSetValue };
  }
  const main = (more: object) => [{ containerName: 'main', ...more }];

  test('a task goes from PENDING to RUNNING to STOPPED as its agent reports, and gives back what it held', async () => {
    const before = await remaining();
    const { tasks, failures } = await run({ taskDefinition: 'web', startedBy: 'me' });
    expect(failures).toEqual([]);
    const arn = tasks?.[0]?.taskArn ?? '';
    expect(tasks?.[0]).toMatchObject({
      lastStatus: 'PENDING',
      desiredStatus: 'RUNNING',
      group: 'family:web',
      startedBy: 'me',
      containerInstanceArn: instance,
      launchType: 'EC2',
      version: 1,
      memory: '64',
      containers: [{ name: 'main', lastStatus: 'PENDING', memory: '64' }],
    });
    expect(await remaining()).toMatchObject({
      memory: (before.memory ?? 0) - 64,
      tcp: ['22', '2375', '2376', '8080', '51678', '51679'],
    });
    const given = await agent.take(arn);
    expect(given).toMatchObject({
      family: 'web',
      version: '1',
      networkMode: 'bridge',
      desiredStatus: 'RUNNING',
      containers: [
        {
          name: 'main',
          image: 'busybox',
          memory: 64,
          portMappings: [{ containerPort: 80, hostPort: 8080, protocol: 'tcp' }],
        },
      ],
    });
    const bindings = [{ bindIP: '0.0.0.0', containerPort: 80, hostPort: 8080, protocol: 'tcp' as const }];
    await agent.report(
      arn,
      'RUNNING',
      main({ status: 'RUNNING', runtimeId: 'abc', imageDigest: 'sha256:1', networkBindings: bindings }),
    );
    const running = await look(arn);
    expect(running).toMatchObject({
      lastStatus: 'RUNNING',
      connectivity: 'CONNECTED',
      containers: [{ lastStatus: 'RUNNING', runtimeId: 'abc', imageDigest: 'sha256:1', networkBindings: bindings }],
    });
    expect(running.startedAt).toBeInstanceOf(Date);

    await harness.client.send(new StopTaskCommand({ task: arn, reason: 'enough' }));
    expect(await look(arn)).toMatchObject({
      lastStatus: 'RUNNING',
      desiredStatus: 'STOPPED',
      stopCode: 'UserInitiated',
    });
    await agent.take(arn, 'STOPPED');
    await agent.report(arn, 'STOPPED', main({ status: 'STOPPED', exitCode: 143 }));
    const stopped = await look(arn);
    expect(stopped).toMatchObject({
      lastStatus: 'STOPPED',
      stoppedReason: 'enough',
      stopCode: 'UserInitiated',
      containers: [{ lastStatus: 'STOPPED', exitCode: 143 }],
    });
    expect(stopped.stoppedAt).toBeInstanceOf(Date);
    expect(await remaining()).toEqual(before);

    await agent.report(arn, 'STOPPED', main({ status: 'STOPPED', exitCode: 1 }));
    await agent.report(arn, 'RUNNING', main({ status: 'RUNNING' }));
    expect(await look(arn)).toEqual(stopped);
    expect(await remaining()).toEqual(before);
  });

  test('why a task ended is said in the words of ECS', async () => {
    const crash = await runOne('small');
    await agent.take(crash);
    await agent.report(crash, 'RUNNING', main({ status: 'RUNNING' }));
    const oom = 'OutOfMemoryError: Container killed due to memory usage';
    await agent.report(crash, 'STOPPED', main({ status: 'STOPPED', exitCode: 137, reason: oom }));
    expect(await look(crash)).toMatchObject({
      stopCode: 'EssentialContainerExited',
      stoppedReason: 'Essential container in task exited',
      containers: [{ exitCode: 137, reason: oom }],
    });

    const missing = await runOne('small');
    await agent.take(missing);
    const reason = 'CannotPullContainerError: no such image';
    await agent.report(missing, 'STOPPED', main({ status: 'STOPPED', reason }));
    const failed = await look(missing);
    expect(failed).toMatchObject({ stopCode: 'TaskFailedToStart', stoppedReason: reason });
    expect(failed.startedAt).toBeUndefined();

    const stopped = await runOne('small');
    await agent.take(stopped);
    await harness.client.send(new StopTaskCommand({ task: stopped }));
    await agent.report(stopped, 'STOPPED');
    expect((await look(stopped)).stoppedReason).toBe('Task stopped by user');
  });

  test('what finds no room is a failure with its reason', async () => {
    const reasonOf = async (taskDefinition: string) => {
      const { tasks, failures } = await run({ taskDefinition });
      expect(tasks).toEqual([]);
      return failures;
    };
    expect(await reasonOf('huge')).toEqual([{ arn: instance, reason: 'RESOURCE:MEMORY' }]);
    expect(await reasonOf('cpu')).toEqual([{ arn: instance, reason: 'RESOURCE:CPU' }]);
    expect(await reasonOf('needy')).toEqual([
      { arn: instance, reason: 'ATTRIBUTE', detail: 'com.amazonaws.ecs.capability.privileged-container' },
    ]);
    const { tasks, failures } = await run({ taskDefinition: 'web', count: 3 });
    expect(tasks?.length).toBe(1);
    expect(failures).toEqual([{ arn: instance, reason: 'RESOURCE:PORTS' }]);
    const arn = tasks?.[0]?.taskArn ?? '';
    await agent.take(arn);
    await agent.report(arn, 'STOPPED');
  });

  test('a port that the Engine picked is not given away', async () => {
    const arn = await runOne('dynamic');
    await agent.take(arn);
    const networkBindings = [{ bindIP: '0.0.0.0', containerPort: 80, hostPort: 8080, protocol: 'tcp' as const }];
    await agent.report(arn, 'RUNNING', main({ status: 'RUNNING', networkBindings }));
    expect((await run({ taskDefinition: 'web' })).failures?.[0]?.reason).toBe('RESOURCE:PORTS');
    await agent.report(arn, 'STOPPED');
    expect((await remaining()).tcp).not.toContain('8080');
  });

  test('a token gives the same tasks again, and a conflict with other parameters', async () => {
    const input = { taskDefinition: 'small', clientToken: 'token-1', count: 2 };
    const [first, second] = await Promise.all([run(input), run(input)]);
    const arns = (output: typeof first) => output.tasks?.map((task) => task.taskArn).toSorted();
    expect(arns(second)).toEqual(arns(first));
    await expect(run({ ...input, count: 1 })).rejects.toMatchObject({ name: 'ConflictException' });
    for (const arn of arns(first) ?? []) await agent.report(arn ?? '', 'STOPPED');
  });

  test('overrides reach the agent', async () => {
    const { tasks } = await run({
      taskDefinition: 'small',
      overrides: {
        containerOverrides: [
          { name: 'main', command: ['echo', 'hi'], environment: [{ name: 'A', value: 'b' }], memory: 128 },
        ],
      },
    });
    const arn = tasks?.[0]?.taskArn ?? '';
    const given = await agent.take(arn);
    expect(given.containers[0]).toMatchObject({ memory: 128, environment: { A: 'b' } });
    expect(JSON.parse(given.containers[0]?.overrides ?? '')).toEqual({ command: ['echo', 'hi'] });
    await agent.report(arn, 'STOPPED');
  });

  test('an invalid task that the agent reports STOPPED without acknowledging counts as delivered', async () => {
    const arn = await runOne('small');
    await agent.frame('PayloadMessage', (frame) => frame.message.tasks[0]?.arn === arn);
    await agent.report(arn, 'STOPPED', [], 'UnrecognizedTaskError: invalid');
    expect(await look(arn)).toMatchObject({
      stopCode: 'TaskFailedToStart',
      stoppedReason: 'UnrecognizedTaskError: invalid',
    });
    const row = await harness.store.get<{ undelivered: number }>(
      sql`SELECT undelivered FROM ecs_tasks WHERE arn = ${arn}`,
    );
    expect(row?.undelivered).toBe(0);
  });

  test('an essential container that stops ends the task, as reported by container alone', async () => {
    const arn = await runOne('small');
    await agent.take(arn);
    await agent.report(arn, 'RUNNING', main({ status: 'RUNNING' }));
    const change = { cluster: 'default', task: arn, containerName: 'main', status: 'STOPPED', exitCode: 3 };
    await harness.client.send(new SubmitContainerStateChangeCommand(change));
    expect(await look(arn)).toMatchObject({
      lastStatus: 'RUNNING',
      desiredStatus: 'STOPPED',
      stopCode: 'EssentialContainerExited',
    });
    await agent.take(arn, 'STOPPED');
    await agent.report(arn, 'STOPPED');
    expect(await look(arn)).toMatchObject({ lastStatus: 'STOPPED', containers: [{ exitCode: 3 }] });
  });

  test('tasks are listed by what they are', async () => {
    const arn = await runOne('small');
    await agent.take(arn);
    const list = async (input: object) => (await harness.client.send(new ListTasksCommand(input))).taskArns ?? [];
    expect(await list({ family: 'small' })).toContain(arn);
    expect(await list({ containerInstance: instance, desiredStatus: 'RUNNING' })).toContain(arn);
    expect(await list({ family: 'web' })).not.toContain(arn);
    expect(await list({ desiredStatus: 'PENDING' })).toEqual([]);
    await expect(list({ family: 'small', startedBy: 'x' })).rejects.toMatchObject({
      name: 'InvalidParameterException',
    });
    await agent.report(arn, 'STOPPED');
    expect(await list({ family: 'small', desiredStatus: 'STOPPED' })).toContain(arn);
    const { failures } = await harness.client.send(new DescribeTasksCommand({ tasks: ['nothing'] }));
    expect(failures?.[0]).toMatchObject({ reason: 'MISSING' });
    await expect(harness.client.send(new StopTaskCommand({ task: 'nothing' }))).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: 'The referenced task was not found.',
    });
  });

  test('StartTask uses the instances named and says which are missing', async () => {
    const { tasks, failures } = await harness.client.send(
      new StartTaskCommand({ taskDefinition: 'small', containerInstances: [instance, 'none'] }),
    );
    expect(tasks?.length).toBe(1);
    expect(failures?.[0]?.reason).toBe('MISSING');
    await agent.report(tasks?.[0]?.taskArn ?? '', 'STOPPED');
  });

  test('a report about an unknown task is accepted and dropped', async () => {
    const change = new SubmitTaskStateChangeCommand({ cluster: 'default', task: 'unknown', status: 'STOPPED' });
    expect((await harness.client.send(change)).acknowledgment).toBeTruthy();
  });

  test('wrong requests are refused with the code and the words that say what to do', async () => {
    const refused: readonly (readonly [Partial<RunTaskCommandInput>, string])[] = [
      [{ taskDefinition: 'none' }, 'ClientException'],
      [{ count: 11 }, 'InvalidParameterException'],
      [{ count: 0 }, 'InvalidParameterException'],
      [{ cluster: 'none' }, 'ClusterNotFoundException'],
      [{ launchType: 'FARGATE' }, 'InvalidParameterException'],
      [{ startedBy: 'x'.repeat(129) }, 'InvalidParameterException'],
      [{ overrides: { containerOverrides: [{ name: 'other' }] } }, 'InvalidParameterException'],
      [
        { overrides: { containerOverrides: [{ name: 'main', command: ['x'.repeat(8200)] }] } },
        'InvalidParameterException',
      ],
      [{ placementConstraints: [{ type: 'memberOf', expression: 'x' }] }, 'InvalidParameterException'],
      [{ group: 'service:x' }, 'InvalidParameterException'],
      [{ clientToken: 'x'.repeat(65) }, 'InvalidParameterException'],
    ];
    for (const [input, name] of refused)
      await expect(
        run({ ...input, taskDefinition: input.taskDefinition ?? 'small' }),
        JSON.stringify(input).slice(0, 80),
      ).rejects.toMatchObject({ name });
  });

  test('a task that never reached an agent is stopped at once, one that may have is not', async () => {
    const other = await registerInstance(harness);
    const lonely = await connectAgent(harness, other);
    const input = { taskDefinition: 'small', containerInstances: [other] };
    const delivered = (await harness.client.send(new StartTaskCommand(input))).tasks?.[0]?.taskArn ?? '';
    await lonely.frame('PayloadMessage', (frame) => frame.message.tasks[0]?.arn === delivered);
    // As if it had been placed the moment before the agent went away.
    await harness.store.write([{ sql: sql`UPDATE ecs_instances SET connection_id = 'none' WHERE arn = ${other}` }]);
    await lonely.close();
    const never = (await harness.client.send(new StartTaskCommand(input))).tasks?.[0]?.taskArn ?? '';
    await harness.client.send(new StopTaskCommand({ task: never }));
    await harness.client.send(new StopTaskCommand({ task: delivered }));
    expect(await look(never)).toMatchObject({ lastStatus: 'STOPPED', stopCode: 'UserInitiated' });
    expect(await look(delivered)).toMatchObject({ lastStatus: 'PENDING', desiredStatus: 'STOPPED' });
    await harness.client.send(new DeregisterContainerInstanceCommand({ containerInstance: other, force: true }));
    expect(await look(delivered)).toMatchObject({ lastStatus: 'STOPPED' });
  });

  test('an instance without its agent takes no task', async () => {
    await agent.close();
    const reason = await until(async () => (await run({ taskDefinition: 'small' })).failures?.[0]?.reason);
    expect(reason).toBe('AGENT');
  });
});

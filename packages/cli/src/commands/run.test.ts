import { afterEach, describe, expect, it } from 'vitest';
import { call, envFor } from '../testing/call.ts';
import { type Answer, type JsonServer, jsonServer, refusal } from '../testing/json-server.ts';
import { cluster, taskArn, taskId, webTask } from '../testing/samples.ts';

const servers: JsonServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

const definitionArn = 'arn:aws:ecs:us-east-1:111122223333:task-definition/web:1';

async function serve(operations: Readonly<Record<string, Answer>>): Promise<JsonServer> {
  const server = await jsonServer({
    DescribeImages: () => {
      throw refusal('RepositoryNotFoundException', 'none');
    },
    RegisterTaskDefinition: () => ({ taskDefinition: { taskDefinitionArn: definitionArn } }),
    RunTask: () => ({ tasks: [webTask({ lastStatus: 'PENDING' })], failures: [] }),
    DescribeTasks: () => ({ tasks: [webTask()], failures: [] }),
    ...operations,
  });
  servers.push(server);
  return server;
}

function inputOf(server: JsonServer, operation: string): Record<string, unknown> | undefined {
  return server.calls.find((each) => each.operation === operation)?.input;
}

describe('longshore run', () => {
  it('registers what the options say, runs it, and prints where its port is', async () => {
    let looks = 0;
    const server = await serve({
      DescribeTasks: () => ({ tasks: [webTask(looks++ === 0 ? { lastStatus: 'PENDING' } : {})], failures: [] }),
    });
    const { code, out, err } = await call(
      [
        'run',
        'nginx:1',
        '--name',
        'web',
        '-p',
        '8080:80',
        '-e',
        'A=b',
        '-m',
        '64m',
        '--entrypoint',
        '/bin/env',
        '--cpu',
        '0.5',
        '--',
        'sh',
        '-c',
        'hi',
      ],
      { env: envFor(server.url) },
    );
    expect({ code, out }).toEqual({ code: 0, out: `${taskId}  127.0.0.1:32768 -> 80\n` });
    expect(err).toBe(`task ${taskId} is PENDING\ntask ${taskId} is RUNNING\n`);
    expect(inputOf(server, 'RegisterTaskDefinition')).toEqual({
      family: 'web',
      networkMode: 'bridge',
      containerDefinitions: [
        {
          name: 'web',
          image: 'nginx:1',
          essential: true,
          entryPoint: ['/bin/env'],
          command: ['sh', '-c', 'hi'],
          memory: 64,
          cpu: 512,
          environment: [{ name: 'A', value: 'b' }],
          portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }],
          logConfiguration: { logDriver: 'json-file' },
        },
      ],
    });
    expect(inputOf(server, 'RunTask')).toMatchObject({
      cluster: 'default',
      taskDefinition: definitionArn,
      count: 1,
      startedBy: 'longshore-run',
    });
  });

  it("means this registry's image if it has one of that name", async () => {
    const server = await serve({
      DescribeImages: () => ({ imageDetails: [{}] }),
      DescribeRepositories: () => ({ repositories: [{ repositoryUri: 'here:7077/111122223333/hello' }] }),
    });
    await call(['run', 'hello'], { env: envFor(server.url) });
    expect(inputOf(server, 'RegisterTaskDefinition')).toMatchObject({
      family: 'hello',
      containerDefinitions: [{ image: 'here:7077/111122223333/hello:latest', memoryReservation: 128 }],
    });
  });

  it('explains why a task cannot be placed', async () => {
    const server = await serve({ RunTask: () => ({ tasks: [], failures: [{ arn: 'i', reason: 'RESOURCE:MEMORY' }] }) });
    const { code, err } = await call(['run', 'nginx'], { env: envFor(server.url) });
    expect(code).toBe(1);
    expect(err).toContain('no machine of the cluster has enough memory free (RESOURCE:MEMORY)');
  });

  it('fails with the reason of a task that stopped by a fault', async () => {
    const stopped = webTask({
      lastStatus: 'STOPPED',
      stoppedReason: 'CannotPullContainerError: no such image',
      containers: [{ name: 'web', lastStatus: 'STOPPED', reason: 'not found' }],
    });
    const server = await serve({ DescribeTasks: () => ({ tasks: [stopped], failures: [] }) });
    const { code, err } = await call(['run', 'nginx'], { env: envFor(server.url) });
    expect(code).toBe(1);
    expect(err).toContain(`task ${taskId}: CannotPullContainerError: no such image; web: not found`);
  });

  it('is content with a task that did its work and ended', async () => {
    const ended = webTask({
      lastStatus: 'STOPPED',
      stoppedReason: 'Essential container in task exited',
      containers: [{ name: 'web', lastStatus: 'STOPPED', exitCode: 0 }],
    });
    const server = await serve({ DescribeTasks: () => ({ tasks: [ended], failures: [] }) });
    const { code, out } = await call(['run', 'nginx'], { env: envFor(server.url) });
    expect({ code, out }).toEqual({
      code: 0,
      out: `task ${taskId}: Essential container in task exited; web: exit code 0\n`,
    });
  });

  it('starts many, ten a call', async () => {
    const server = await serve({
      RunTask: ({ count }) => ({ tasks: Array.from({ length: Number(count) }, () => webTask()), failures: [] }),
    });
    await call(['run', 'nginx', '--count', '23', '--no-wait'], { env: envFor(server.url) });
    const counts = server.calls.filter((each) => each.operation === 'RunTask').map((each) => each.input.count);
    expect(counts).toEqual([10, 10, 3]);
  });

  it('creates a service and waits until it runs whole', async () => {
    let looks = 0;
    const server = await serve({
      DescribeServices: () =>
        looks++ === 0
          ? { services: [], failures: [{ reason: 'MISSING' }] }
          : { services: [{ status: 'ACTIVE', runningCount: 1, deployments: [{}], taskDefinition: definitionArn }] },
      CreateService: () => ({ service: {} }),
      ListTasks: ({ desiredStatus }) => ({ taskArns: desiredStatus === 'RUNNING' ? [taskArn] : [] }),
    });
    const { code, out } = await call(['run', 'nginx', '--service', '--name', 'web'], { env: envFor(server.url) });
    expect({ code, out }).toEqual({ code: 0, out: `${taskId}  127.0.0.1:32768 -> 80\n` });
    expect(inputOf(server, 'CreateService')).toMatchObject({ cluster: 'default', serviceName: 'web', desiredCount: 1 });
  });

  it('gives a service that is there the new definition, and gives up after three failures', async () => {
    const stopped = (id: number) =>
      webTask({
        taskArn: `${cluster}/${id}`,
        lastStatus: 'STOPPED',
        createdAt: Date.now() / 1000,
        stoppedReason: 'it crashed',
      });
    const server = await serve({
      DescribeServices: () => ({
        services: [{ status: 'ACTIVE', runningCount: 0, deployments: [{}], events: [{ message: 'unable to start' }] }],
      }),
      UpdateService: () => ({ service: {} }),
      ListTasks: ({ desiredStatus }) => ({ taskArns: desiredStatus === 'STOPPED' ? ['a', 'b', 'c'] : [] }),
      DescribeTasks: () => ({ tasks: [1, 2, 3].map(stopped) }),
    });
    const { code, err } = await call(['run', 'nginx', '--service', '--name', 'web'], { env: envFor(server.url) });
    expect(code).toBe(1);
    expect(err).toContain('it crashed');
    expect(err).toContain('Service web: 3 of its tasks have stopped; it goes on trying.\nunable to start\n');
    expect(inputOf(server, 'UpdateService')).toMatchObject({ service: 'web', taskDefinition: definitionArn });
  });

  it.each([
    [['run'], /missing required argument 'image'/],
    [['run', 'nginx', '-p', 'x'], /HOSTPORT:CONTAINERPORT/],
    [['run', 'nginx', '--name', 'a b'], /letters, digits/],
    [['run', 'nginx', '--count', '0'], /1 to 1000/],
  ])('refuses %j as wrong usage', async (argv, message) => {
    const { code, err } = await call(argv);
    expect(code).toBe(2);
    expect(err).toMatch(message);
    expect(err).toMatch(/longshore run --help/);
  });
});

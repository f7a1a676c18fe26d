// Roles of tasks: a launch that names one which tasks cannot take is refused; agents are given the keys of both roles, and
// only those; a task that has not started does not without its role.
import {
  CreateServiceCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
} from '@aws-sdk/client-ecs';
import { testStores } from '@longshore/store/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectAgent, type FakeAgent, registerInstance } from './testing/fake-agent.ts';
import { account, type Harness, openHarness, until } from './testing/harness.ts';
import type { TaskRoles } from './types.ts';

const roleOf = (name: string) => `arn:aws:iam::${account}:role/${name}`;

describe.each(testStores().map((backEnd) => [backEnd.name, backEnd] as const))('roles on %s', (_name, backEnd) => {
  let harness: Harness;
  let agent: FakeAgent;
  const roles = new Set(['app', 'fetches']);
  const taskRoles: TaskRoles = {
    trusts: async (_account, role) => roles.has(role.replace(/^.*\//, '')),
    async keys(of, role, session) {
      if (!(await taskRoles.trusts(of, role))) return undefined;
      const keys = { accessKeyId: `ASIA-${role}`, secretAccessKey: 'secret', sessionToken: session };
      return { roleArn: role, ...keys, expiresAt: Date.now() + 3_600_000 };
    },
  };

  beforeAll(async () => {
    harness = await openHarness({ backEnd, taskRoles });
    agent = await connectAgent(harness, await registerInstance(harness));
  });
  afterAll(() => harness.close());

  async function define(family: string, taskRole: string, executionRole: string): Promise<string> {
    await harness.client.send(
      new RegisterTaskDefinitionCommand({
        family,
        taskRoleArn: roleOf(taskRole),
        executionRoleArn: roleOf(executionRole),
        containerDefinitions: [{ name: 'main', image: 'busybox', memory: 16 }],
      }),
    );
    return family;
  }
  const run = (taskDefinition: string, overrides = {}) =>
    harness.client.send(new RunTaskCommand({ taskDefinition, overrides }));
  const words = (role: string) =>
    `ECS was unable to assume the role '${roleOf(role)}' that was provided for this task.`;

  test('the agent is given the keys of both, under ids of their own', async () => {
    const { tasks } = await run(await define('both', 'app', 'fetches'));
    const task = await agent.take(tasks?.[0]?.taskArn ?? '');
    const [own, execution] = [task.roleCredentials, task.executionRoleCredentials];
    expect(own).toMatchObject({ roleArn: roleOf('app'), accessKeyId: `ASIA-${roleOf('app')}` });
    expect(execution).toMatchObject({ roleArn: roleOf('fetches'), accessKeyId: `ASIA-${roleOf('fetches')}` });
    expect(own?.credentialsId).not.toBe(execution?.credentialsId);
    // Connected anew, it is given them again.
    await agent.close();
    agent = await connectAgent(harness, agent.instanceArn);
    for (const [roleType, keys] of [
      ['TaskApplication', own],
      ['TaskExecution', execution],
    ] as const) {
      const { message } = await agent.frame('IAMRoleCredentialsMessage', (each) => each.message.roleType === roleType);
      expect(message).toMatchObject({ taskArn: task.arn, roleCredentials: { credentialsId: keys?.credentialsId } });
    }
  });

  test.each([
    ['task', 'gone', 'fetches'],
    ['execution', 'app', 'gone'],
  ])('a launch whose %s role cannot be taken is refused', async (kind, taskRole, executionRole) => {
    const refused = run(await define(`refused-${kind}`, taskRole, executionRole));
    await expect(refused).rejects.toMatchObject({ name: 'ClientException' });
    await expect(refused).rejects.toThrow(words('gone'));
    const mended = { taskRoleArn: roleOf('app'), executionRoleArn: roleOf('fetches') };
    expect((await run(`refused-${kind}`, mended)).tasks).toHaveLength(1);
  });

  test('a service says why it starts nothing', async () => {
    const taskDefinition = await define('service', 'app', 'gone');
    await harness.client.send(new CreateServiceCommand({ serviceName: 'roles', taskDefinition, desiredCount: 1 }));
    const message = await until(async () => {
      const { services } = await harness.client.send(new DescribeServicesCommand({ services: ['roles'] }));
      return services?.[0]?.events?.find((each) => each.message?.includes('assume'))?.message;
    });
    expect(message).toContain(`(service roles) failed to launch a task with (error ${words('gone')}`);
  });

  test('a task that has not started is stopped when its role is gone', async () => {
    const instance = agent.instanceArn;
    roles.add('short');
    await define('short', 'app', 'short');
    const { tasks } = await run('short');
    const arn = tasks?.[0]?.taskArn ?? '';
    await agent.take(arn);
    await agent.close();
    roles.delete('short');
    agent = await connectAgent(harness, instance);
    const stopped = await until(async () => {
      const { tasks: found } = await harness.client.send(new DescribeTasksCommand({ tasks: [arn] }));
      return found?.[0]?.desiredStatus === 'STOPPED' ? found[0] : undefined;
    });
    expect(stopped).toMatchObject({ stopCode: 'TaskFailedToStart' });
    expect(stopped.stoppedReason).toContain(words('short'));
  });
});

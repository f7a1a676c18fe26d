// Operations beside running tasks: account settings, cluster settings, the end of task definitions, attributes.
import {
  CreateClusterCommand,
  CreateServiceCommand,
  DeleteAccountSettingCommand,
  DeleteAttributesCommand,
  DeleteServiceCommand,
  DeleteTaskDefinitionsCommand,
  DeregisterTaskDefinitionCommand,
  DescribeTaskDefinitionCommand,
  ListAccountSettingsCommand,
  ListAttributesCommand,
  ListTaskDefinitionFamiliesCommand,
  ListTaskDefinitionsCommand,
  PutAccountSettingCommand,
  PutAccountSettingDefaultCommand,
  PutAttributesCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { testStores } from '@longshore/store/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sweepDefinitions } from './definition-sweep.ts';
import { obedientAgent, registerInstance } from './testing/fake-agent.ts';
import { type Harness, openHarness, until } from './testing/harness.ts';

describe.each(testStores().map((backEnd) => [backEnd.name, backEnd] as const))('on %s', (_name, backEnd) => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await openHarness({ backEnd });
  });
  afterAll(() => harness.close());

  const register = async (family: string): Promise<string> => {
    const containerDefinitions = [{ name: 'web', image: 'busybox', memory: 16 }];
    const { taskDefinition } = await harness.client.send(
      new RegisterTaskDefinitionCommand({ family, containerDefinitions }),
    );
    return `${family}:${taskDefinition?.revision}`;
  };
  const statusOf = async (taskDefinition: string): Promise<string | undefined> => {
    const answer = await harness.client
      .send(new DescribeTaskDefinitionCommand({ taskDefinition }))
      .catch(() => undefined);
    return answer?.taskDefinition?.status;
  };
  const deleteDefinitions = async (...taskDefinitions: string[]) => {
    const answer = await harness.client.send(new DeleteTaskDefinitionsCommand({ taskDefinitions }));
    return answer.failures?.map((each) => each.reason);
  };

  test("a principal's setting comes before the account's, and that before the usual one", async () => {
    const { client } = harness;
    const name = 'containerInsights';
    const principalArn = 'arn:aws:iam::123456789012:user/ann';
    const holds = async () => {
      const asked = new ListAccountSettingsCommand({ name, principalArn, effectiveSettings: true });
      return (await client.send(asked)).settings?.[0]?.value;
    };
    expect(await holds()).toBe('disabled');
    await client.send(new PutAccountSettingDefaultCommand({ name, value: 'enabled' }));
    expect(await holds()).toBe('enabled');
    await client.send(new PutAccountSettingCommand({ name, value: 'enhanced', principalArn }));
    expect(await holds()).toBe('enhanced');
    const own = await client.send(new ListAccountSettingsCommand({ principalArn }));
    expect(own.settings).toEqual([{ name, value: 'enhanced', principalArn, type: 'user' }]);
    await client.send(new DeleteAccountSettingCommand({ name, principalArn }));
    expect(await holds()).toBe('enabled');
    const { cluster } = await client.send(new CreateClusterCommand({ clusterName: 'measured' }));
    expect(cluster?.settings).toEqual([{ name, value: 'enabled' }]);
    const theirs = await harness.stranger.send(new ListAccountSettingsCommand({ name, effectiveSettings: true }));
    expect(theirs.settings?.[0]?.value).toBe('disabled');
  });

  test('a deleted revision stays until its tasks and services are gone, and its number is not given again', async () => {
    const { client } = harness;
    const agent = await obedientAgent(harness);
    const [used, kept, free] = [await register('old'), await register('old'), await register('old')];
    expect(await deleteDefinitions(used, 'old:9')).toEqual([
      expect.stringContaining('still in ACTIVE status'),
      'MISSING',
    ]);
    const ran = await client.send(new RunTaskCommand({ taskDefinition: used }));
    await client.send(new CreateServiceCommand({ serviceName: 'old', taskDefinition: kept, desiredCount: 0 }));
    for (const taskDefinition of [used, kept, free])
      await client.send(new DeregisterTaskDefinitionCommand({ taskDefinition }));
    expect(await deleteDefinitions(used, kept, free)).toEqual([]);
    expect(await deleteDefinitions(used)).toEqual([]);
    await sweepDefinitions(harness);
    expect(await Promise.all([used, kept, free].map(statusOf))).toEqual([
      'DELETE_IN_PROGRESS',
      'DELETE_IN_PROGRESS',
      undefined,
    ]);
    await expect(client.send(new RunTaskCommand({ taskDefinition: used }))).rejects.toThrow(/inactive/);
    const families = new ListTaskDefinitionFamiliesCommand({ familyPrefix: 'old', status: 'ALL' });
    expect((await client.send(families)).families).toEqual(['old']);

    await client.send(new StopTaskCommand({ task: ran.tasks?.[0]?.taskArn }));
    await client.send(new DeleteServiceCommand({ service: 'old' }));
    await until(async () => {
      await sweepDefinitions(harness);
      const left = await client.send(new ListTaskDefinitionsCommand({ status: 'DELETE_IN_PROGRESS' }));
      return left.taskDefinitionArns?.length === 0 ? true : undefined;
    });
    expect((await client.send(families)).families).toEqual([]);
    expect(await deleteDefinitions(used)).toEqual(['MISSING']);
    expect(await register('old')).toBe('old:4');
    await agent.close();
  });

  test('attributes are taken away by name, or by name and value', async () => {
    const { client } = harness;
    const targetId = await registerInstance(harness);
    const named = (name: string, value?: string) => ({ name, targetId, ...(value !== undefined && { value }) });
    await client.send(new PutAttributesCommand({ attributes: [named('a', '1'), named('b', '2')] }));
    const wrong = new DeleteAttributesCommand({ attributes: [named('a', '9')] });
    await expect(client.send(wrong)).rejects.toThrow(/not found/);
    const gone = await client.send(new DeleteAttributesCommand({ attributes: [named('a', '1'), named('b')] }));
    expect(gone.attributes?.map((each) => [each.name, each.value])).toEqual([
      ['a', '1'],
      ['b', '2'],
    ]);
    const left = new ListAttributesCommand({ targetType: 'container-instance', attributeName: 'a' });
    expect((await client.send(left)).attributes).toEqual([]);
  });
});

test('a task for another processor finds no place', async () => {
  const [backEnd] = testStores();
  if (backEnd === undefined) throw new Error('no store');
  const harness = await openHarness({ backEnd });
  const agent = await obedientAgent(harness);
  const attributes = [{ name: 'ecs.cpu-architecture', value: 'x86_64', targetId: agent.instanceArn }];
  await harness.client.send(new PutAttributesCommand({ attributes }));
  const launch = async (cpuArchitecture: 'ARM64' | 'X86_64') => {
    await harness.client.send(
      new RegisterTaskDefinitionCommand({
        family: cpuArchitecture,
        runtimePlatform: { cpuArchitecture },
        containerDefinitions: [{ name: 'web', image: 'busybox', memory: 16 }],
      }),
    );
    const ran = await harness.client.send(new RunTaskCommand({ taskDefinition: cpuArchitecture }));
    return ran.failures?.map((each) => each.reason);
  };
  expect(await launch('X86_64')).toEqual([]);
  expect(await launch('ARM64')).toEqual(['MemberOf placement constraint unsatisfied.']);
  await agent.close();
  await harness.close();
});

test('roles must be passed and tags allowed, where a policy or the account setting asks for it', async () => {
  const [backEnd] = testStores();
  if (backEnd === undefined) throw new Error('no store');
  const harness = await openHarness({ backEnd, denied: ['iam:PassRole', 'ecs:TagResource'] });
  const { client } = harness;
  const tags = [{ key: 'a', value: 'b' }];
  const containerDefinitions = [{ name: 'web', image: 'busybox', memory: 16 }];
  const define = { family: 'f', containerDefinitions };
  const failureOf = (sent: Promise<unknown>) =>
    sent.then(
      () => 'done',
      (error: Error) => error.name,
    );
  await client.send(new RegisterTaskDefinitionCommand({ ...define, tags }));
  await client.send(new CreateClusterCommand({ clusterName: 'tagged', tags }));
  const roles = new RegisterTaskDefinitionCommand({ ...define, taskRoleArn: 'admin' });
  expect(await failureOf(client.send(roles))).toBe('AccessDeniedException');
  const overrides = { taskRoleArn: 'admin' };
  expect(await failureOf(client.send(new RunTaskCommand({ taskDefinition: 'f', overrides })))).toBe(
    'AccessDeniedException',
  );
  await client.send(new PutAccountSettingDefaultCommand({ name: 'tagResourceAuthorization', value: 'on' }));
  const made = [
    new CreateClusterCommand({ clusterName: 'more', tags }),
    new RegisterTaskDefinitionCommand({ ...define, tags }),
    new RunTaskCommand({ taskDefinition: 'f', tags }),
  ] as const;
  for (const each of made)
    expect(await failureOf(client.send(each as CreateClusterCommand))).toBe('AccessDeniedException');
  expect(await failureOf(client.send(new RegisterTaskDefinitionCommand(define)))).toBe('done');
  await harness.close();
});

// Forgetting: STOPPED tasks stay at least an hour, living ones for ever.
import { DescribeTasksCommand, RegisterTaskDefinitionCommand, RunTaskCommand } from '@aws-sdk/client-ecs';
import { testStores } from '@longshore/store/testing';
import { describe, expect, test } from 'vitest';
import { forgetOnce } from './forget.ts';
import { connectAgent, registerInstance } from './testing/fake-agent.ts';
import { openHarness } from './testing/harness.ts';

describe.each(testStores().map((backEnd) => [backEnd.name, backEnd] as const))('forgetting on %s', (_name, backEnd) => {
  test('a stopped task is forgotten after an hour and not before, with its tags and token', async () => {
    const harness = await openHarness({ backEnd, loops: false });
    const { client, store } = harness;
    const containerDefinitions = [{ name: 'main', image: 'busybox', memory: 64 }];
    await client.send(new RegisterTaskDefinitionCommand({ family: 'f', containerDefinitions }));
    const agent = await connectAgent(harness, await registerInstance(harness));
    const input = { taskDefinition: 'f', count: 2, clientToken: 't', tags: [{ key: 'a', value: 'b' }] };
    const { tasks = [] } = await client.send(new RunTaskCommand(input));
    const [ended = '', alive = ''] = tasks.map((task) => task.taskArn ?? '');
    await agent.report(ended, 'STOPPED');
    const found = async () => {
      const output = await client.send(new DescribeTasksCommand({ tasks: [ended, alive] }));
      return output.tasks?.map((task) => task.taskArn);
    };
    await forgetOnce({ store }, Date.now() + 60 * 60_000);
    expect(await found()).toEqual([ended, alive]);
    await forgetOnce({ store }, Date.now() + 25 * 3600_000);
    expect(await found()).toEqual([alive]);
    // The token is gone too: the same call now makes new tasks.
    const again = await client.send(new RunTaskCommand(input));
    expect(again.tasks?.some((task) => task.taskArn === alive)).toBe(false);
    await harness.close();
  });
});

// Launches at the same time never take more than there is, and what they took comes back.
import { RegisterTaskDefinitionCommand, RunTaskCommand } from '@aws-sdk/client-ecs';
import { sql } from '@longshore/store';
import { testStores } from '@longshore/store/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectAgent, type FakeAgent, registerInstance } from './testing/fake-agent.ts';
import { type Harness, openHarness } from './testing/harness.ts';

describe.each(testStores().map((backEnd) => [backEnd.name, backEnd] as const))(
  'many launches at once on %s',
  (_n, backEnd) => {
    let harness: Harness;
    beforeAll(async () => {
      harness = await openHarness({ backEnd });
    });
    afterAll(() => harness.close());

    test('two hundred RunTasks fill the instances exactly, and the end of all tasks empties them', async () => {
      const container = { name: 'main', image: 'busybox', memory: 100, cpu: 10 };
      await harness.client.send(
        new RegisterTaskDefinitionCommand({ family: 'small', containerDefinitions: [container] }),
      );
      // Room for 30 and 45 by memory; the second has cpu for 40 only.
      const sizes = [{ memory: 3050 }, { memory: 4500, cpu: 405 }];
      const agents: FakeAgent[] = [];
      for (const size of sizes) agents.push(await connectAgent(harness, await registerInstance(harness, size)));

      const outputs = await Promise.all(
        Array.from({ length: 200 }, () => harness.client.send(new RunTaskCommand({ taskDefinition: 'small' }))),
      );
      const placed = outputs.flatMap((output) => output.tasks ?? []);
      expect(placed.length).toBe(70);
      for (const output of outputs)
        expect((output.tasks?.length ?? 0) === 1 || (output.failures?.length ?? 0) > 0).toBe(true);

      interface Left {
        readonly arn: string;
        readonly cpu_remaining: number;
        readonly memory_remaining: number;
        readonly cpu_registered: number;
        readonly memory_registered: number;
      }
      const look = () =>
        harness.store.all<Left>(
          sql`SELECT arn, cpu_remaining, memory_remaining, cpu_registered, memory_registered FROM ecs_instances ORDER BY arn`,
        );
      const counted = () => harness.store.all(sql`SELECT instance_arn, tasks FROM ecs_placed ORDER BY instance_arn`);
      const byInstance = Map.groupBy(placed, (task) => task.containerInstanceArn ?? '');
      const counts = [...byInstance].map(([arn, tasks]) => ({ instance_arn: arn, tasks: tasks.length }));
      expect(await counted()).toEqual(counts.toSorted((a, b) => (a.instance_arn < b.instance_arn ? -1 : 1)));
      for (const each of await look()) {
        const mine = placed.filter((task) => task.containerInstanceArn === each.arn).length;
        expect(each.cpu_remaining).toBe(each.cpu_registered - mine * 10);
        expect(each.memory_remaining).toBe(each.memory_registered - mine * 100);
        expect(Math.min(each.cpu_remaining, each.memory_remaining)).toBeGreaterThanOrEqual(0);
      }

      // Every end is reported twice, both at the same time.
      const [agent] = agents;
      if (agent === undefined) throw new Error('no agent');
      const ends = [...placed, ...placed].map((task) => agent.report(task.taskArn ?? '', 'STOPPED'));
      await Promise.all(ends);
      for (const each of await look()) {
        expect(each.cpu_remaining).toBe(each.cpu_registered);
        expect(each.memory_remaining).toBe(each.memory_registered);
      }
      expect(await counted()).toEqual([]);
    }, 120_000);

    test('one static port is given to one task only', async () => {
      const container = {
        name: 'main',
        image: 'busybox',
        memory: 6,
        portMappings: [{ containerPort: 80, hostPort: 8080 }],
      };
      await harness.client.send(
        new RegisterTaskDefinitionCommand({ family: 'port', containerDefinitions: [container] }),
      );
      const outputs = await Promise.all(
        Array.from({ length: 20 }, () => harness.client.send(new RunTaskCommand({ taskDefinition: 'port' }))),
      );
      const placed = outputs.flatMap((output) => output.tasks ?? []);
      expect(new Set(placed.map((task) => task.containerInstanceArn)).size).toBe(placed.length);
      expect(placed.length).toBe(2);
    });
  },
);

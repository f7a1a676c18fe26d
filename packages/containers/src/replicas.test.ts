// Two replicas on one store: what one places the other delivers, and their keepers start nothing twice.
import {
  CreateServiceCommand,
  DescribeServicesCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import { memoryAuthorizer } from '@longshore/aws/testing';
import { memoryMeter, silentLogger, systemClock } from '@longshore/base';
import { sql } from '@longshore/store';
import { testStores } from '@longshore/store/testing';
import { describe, expect, test } from 'vitest';
import { createContainers } from './create.ts';
import { obedientAgent } from './testing/fake-agent.ts';
import { account, type Harness, openHarness, region, until } from './testing/harness.ts';
import type { Containers } from './types.ts';

function secondReplica(harness: Harness): Containers {
  return createContainers({
    store: harness.store,
    authorizer: memoryAuthorizer(),
    clock: systemClock,
    log: silentLogger,
    meter: memoryMeter(),
    region,
    replica: 'replica-2',
    onReadings: () => undefined,
  });
}

describe.each(testStores().map((backEnd) => [backEnd.name, backEnd] as const))(
  'two replicas on %s',
  (_name, backEnd) => {
    test('keep a service together at exactly its count', async () => {
      const harness = await openHarness({ backEnd });
      const { client } = harness;
      const other = secondReplica(harness);
      const running = other.services.map((service) => service.run());
      await obedientAgent(harness, { memory: 100_000, cpu: 100_000 });
      const containerDefinitions = [{ name: 'main', image: 'busybox', memory: 6 }];
      await client.send(new RegisterTaskDefinitionCommand({ family: 'f', containerDefinitions }));
      await client.send(new CreateServiceCommand({ serviceName: 's', taskDefinition: 'f', desiredCount: 0 }));
      const keepers = [harness.containers, other].map((each) => each.services.find((s) => s.id.includes('keeper')));
      for (const desiredCount of [10, 25, 5, 15]) {
        await client.send(new UpdateServiceCommand({ service: 's', desiredCount }));
        // Both at the same moment, as two processes that were told of the same change.
        for (const keeper of keepers) if (keeper !== undefined && 'wake' in keeper) (keeper.wake as () => void)();
        await until(async () => {
          const { services } = await client.send(new DescribeServicesCommand({ services: ['s'] }));
          return services?.[0]?.runningCount === desiredCount && services[0].pendingCount === 0 ? true : undefined;
        }, 30_000);
        const { taskArns } = await client.send(new ListTasksCommand({ serviceName: 's' }));
        expect(taskArns?.length).toBe(desiredCount);
      }
      const made = await harness.store.get<{ n: number }>(sql`SELECT COUNT(*) AS n FROM ecs_tasks`);
      expect(Number(made?.n)).toBe(10 + 15 + 10);
      await Promise.all(other.services.map((service) => service.stop()));
      await Promise.all(running);
      await harness.close();
    }, 90_000);

    test('a replica that starts takes back only the connections it had', async () => {
      const harness = await openHarness({ backEnd });
      const other = secondReplica(harness);
      const agent = await obedientAgent(harness);
      const containerDefinitions = [{ name: 'main', image: 'busybox', memory: 6 }];
      await harness.client.send(new RegisterTaskDefinitionCommand({ family: 'f', containerDefinitions }));
      await other.recover(account);
      expect(await other.summary(account)).toMatchObject({ instances: 1, connectedInstances: 1 });
      const { tasks } = await harness.client.send(new RunTaskCommand({ taskDefinition: 'f' }));
      expect(tasks?.[0]?.containerInstanceArn).toBe(agent.instanceArn);
      await harness.containers.recover(account);
      expect(await other.summary(account)).toMatchObject({ instances: 1, connectedInstances: 0 });
      await harness.close();
    });
  },
);

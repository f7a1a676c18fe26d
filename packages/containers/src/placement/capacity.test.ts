// Several schedulers on one store, each with its own picture of the instances: never over-committed, never blind to what
// the others did.
import { RegisterTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import { type Clock, systemClock } from '@longshore/base';
import { type Step, sql } from '@longshore/store';
import { testStores } from '@longshore/store/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { findDefinition } from '../definitions.ts';
import { type LaunchOrder, planLaunch } from '../launch.ts';
import { parseTaskNetwork } from '../network/subnets.ts';
import { askToStop } from '../task-state.ts';
import { moveTaskSteps } from '../task-steps.ts';
import type { TaskRecord } from '../tasks.ts';
import { connectAgent, registerInstance } from '../testing/fake-agent.ts';
import { account, type Harness, openHarness, region } from '../testing/harness.ts';
import { type Capacity, createCapacity } from './capacity.ts';

describe.each(testStores().map((backEnd) => [backEnd.name, backEnd] as const))('schedulers on %s', (_n, backEnd) => {
  let harness: Harness;
  let order: LaunchOrder;
  const taskNetwork = parseTaskNetwork('10.208.0.0/12');
  beforeEach(async () => {
    harness = await openHarness({ backEnd, loops: false });
    const containerDefinitions = [{ name: 'main', image: 'busybox', memory: 100 }];
    await harness.client.send(new RegisterTaskDefinitionCommand({ family: 'f', containerDefinitions }));
    const definition = await findDefinition(harness.store, { region, account }, 'f');
    if (definition === undefined) throw new Error('no definition');
    order = {
      account,
      clusterArn: `arn:aws:ecs:${region}:${account}:cluster/default`,
      definition,
      count: 1,
      launchType: 'EC2',
      group: 'family:f',
      startedBy: '',
      serviceArn: '',
      overrides: {},
      rules: { distinctInstance: false, memberOf: [], strategies: [{ type: 'binpack', field: 'memory' }] },
      tags: [],
    };
  });
  afterEach(() => harness.close());

  function scheduler(): Capacity {
    return createCapacity(harness.store, systemClock, Math.random);
  }

  async function launch(capacity: Capacity, count: number): Promise<readonly TaskRecord[]> {
    return capacity.store.update(async (view) => {
      const plan = await planLaunch({ capacity, taskNetwork }, view, { ...order, count }, 1);
      return { steps: plan.steps, result: plan.tasks };
    });
  }

  async function remaining(): Promise<number[]> {
    const rows = await harness.store.all<{ memory_remaining: number }>(
      sql`SELECT memory_remaining FROM ecs_instances ORDER BY memory_registered`,
    );
    return rows.map((row) => row.memory_remaining);
  }

  test('fill the instances exactly, whoever is quicker', async () => {
    for (const memory of [750, 1250]) await connectAgent(harness, await registerInstance(harness, { memory }));
    const schedulers = [scheduler(), scheduler(), scheduler()];
    const launched = await Promise.all(schedulers.flatMap((each) => [1, 2, 3, 4].map((count) => launch(each, count))));
    expect(launched.flat().length).toBe(7 + 12);
    expect(await remaining()).toEqual([50, 50]);
  });

  test('see what another took and gave back before they say that there is no room', async () => {
    await connectAgent(harness, await registerInstance(harness, { memory: 350 }));
    const [one, other] = [scheduler(), scheduler()];
    expect(await launch(other, 1)).toHaveLength(1);
    const [task] = await launch(one, 2);
    expect(await launch(other, 1)).toEqual([]);
    const ended = task && askToStop(task, 'UserInitiated', 'test', 2);
    if (task === undefined || ended === undefined) throw new Error('nothing was placed');
    await one.store.write(moveTaskSteps(task, ended, 2));
    expect(await launch(other, 2)).toHaveLength(1);
    expect(await remaining()).toEqual([50]);
  });

  test('count what a write took once, though its row is read before the answer to the write', async () => {
    const arn = await registerInstance(harness, { memory: 350 });
    await connectAgent(harness, arn);
    const answered = Promise.withResolvers<void>();
    const withheld = async (steps: readonly Step[]) => {
      const results = await harness.store.write(steps);
      await answered.promise;
      return results;
    };
    const clock: Clock = {
      ...systemClock,
      async sleep(ms, signal) {
        answered.resolve();
        await systemClock.sleep(ms, signal);
      },
    };
    let write = withheld;
    const store = { ...harness.store, write: (steps: readonly Step[]) => write(steps) };
    const capacity = createCapacity(store, clock, Math.random);
    const first = launch(capacity, 1);
    await vi.waitUntil(async () => (await remaining())[0] === 250);
    write = harness.store.write;
    await capacity.store.write([{ sql: sql`UPDATE ecs_instances SET version = version + 1 WHERE arn = ${arn}` }]);
    expect(await launch(capacity, 2)).toHaveLength(2);
    expect(await first).toHaveLength(1);
    expect(await remaining()).toEqual([50]);
  });
});

// Tasks in awsvpc mode: each has an address of its own from its instance's subnet, until it has stopped.
import {
  CreateServiceCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  type Task,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import { sql } from '@longshore/store';
import { testStores } from '@longshore/store/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectAgent, type FakeAgent, registerInstance } from '../testing/fake-agent.ts';
import { account, type Harness, openHarness, until } from '../testing/harness.ts';
import { firstHost, hostsOfSubnet, parseTaskNetwork, usualTaskNetwork } from './subnets.ts';

const networkConfiguration = { awsvpcConfiguration: { subnets: ['subnet-0a1b2c3d'], securityGroups: ['sg-1'] } };

describe.each(testStores().map((backEnd) => [backEnd.name, backEnd] as const))(
  'network interfaces of tasks on %s',
  (_n, backEnd) => {
    let harness: Harness;
    const agents = new Map<string, FakeAgent>();
    beforeEach(async () => {
      harness = await openHarness({ backEnd });
      for (let i = 0; i < 2; i++) {
        const arn = await registerInstance(harness);
        agents.set(arn, await connectAgent(harness, arn));
      }
      for (const networkMode of ['awsvpc', 'bridge'] as const) {
        const portMappings = [{ containerPort: 80 }];
        const container = { name: 'main', image: 'busybox', memory: 16, portMappings };
        const definition = { family: networkMode, networkMode, containerDefinitions: [container] };
        await harness.client.send(new RegisterTaskDefinitionCommand(definition));
      }
    });
    afterEach(async () => {
      agents.clear();
      await harness.close();
    });

    const run = (count: number, more: object = { networkConfiguration }, taskDefinition = 'awsvpc') =>
      harness.client.send(new RunTaskCommand({ taskDefinition, count, ...more }));
    const addressOf = (task: Task) =>
      task.attachments?.[0]?.details?.find((each) => each.name === 'privateIPv4Address')?.value ?? '';
    const describeTask = async (arn: string) =>
      (await harness.client.send(new DescribeTasksCommand({ tasks: [arn] }))).tasks?.[0];

    test('forty launched at once have forty addresses, in one subnet an instance', async () => {
      const outputs = await Promise.all(Array.from({ length: 8 }, () => run(5)));
      const tasks = outputs.flatMap((output) => output.tasks ?? []);
      expect(tasks).toHaveLength(40);
      expect(new Set(tasks.map(addressOf)).size).toBe(40);
      const subnets = new Map<string, Set<string>>();
      for (const task of tasks) {
        const own = subnets.get(task.containerInstanceArn ?? '') ?? new Set();
        subnets.set(task.containerInstanceArn ?? '', own.add(addressOf(task).replace(/\d+$/, '')));
      }
      expect([...subnets.values()].every((own) => own.size === 1)).toBe(true);
      expect(new Set([...subnets.values()].flatMap((own) => [...own])).size).toBe(subnets.size);
    });

    test('DescribeTasks shows it, the payload carries it, and the end of the task gives it back', async () => {
      const [task] = (await run(1)).tasks ?? [];
      const arn = task?.taskArn ?? '';
      const address = addressOf(task ?? {});
      expect(task?.attachments?.[0]).toMatchObject({
        type: 'ElasticNetworkInterface',
        status: 'ATTACHING',
        details: expect.arrayContaining([{ name: 'subnetId', value: 'subnet-0a1b2c3d' }]),
      });
      expect(task?.containers?.[0]?.networkInterfaces).toEqual([
        { attachmentId: task?.attachments?.[0]?.id, privateIpv4Address: address },
      ]);
      const agent = agents.get(task?.containerInstanceArn ?? '');
      const payload = await agent?.take(arn);
      expect(payload).toMatchObject({
        networkMode: 'awsvpc',
        elasticNetworkInterfaces: [{ ipv4Addresses: [{ primary: true, privateAddress: address }] }],
      });
      await agent?.report(arn, 'RUNNING');
      expect((await describeTask(arn))?.attachments?.[0]?.status).toBe('ATTACHED');
      expect(await harness.store.all(sql`SELECT host FROM ecs_addresses`)).toHaveLength(1);
      await agent?.report(arn, 'STOPPED');
      expect((await describeTask(arn))?.attachments?.[0]?.status).toBe('DELETED');
      expect(await harness.store.all(sql`SELECT host FROM ecs_addresses`)).toEqual([]);
    });

    /** As another replica would: all of the instance's addresses but so many are taken. */
    async function leave(instanceArn: string, free: number): Promise<void> {
      const taken = await harness.store.all<{ host: number }>(
        sql`SELECT host FROM ecs_addresses WHERE instance_arn = ${instanceArn}`,
      );
      const all = Array.from({ length: hostsOfSubnet }, (_, i) => firstHost + i);
      const hosts = all.filter((host) => !taken.some((each) => each.host === host)).slice(free);
      await harness.store.write([
        ...hosts.map((host) => ({
          sql: sql`INSERT INTO ecs_addresses (instance_arn, host, task_arn) VALUES (${instanceArn}, ${host}, 'other')`,
        })),
        { sql: sql`UPDATE ecs_instances SET version = version + 1 WHERE arn = ${instanceArn}` },
      ]);
    }

    test('an instance without an address to give is passed over, and none gives more than it has', async () => {
      const spread = { networkConfiguration, placementStrategy: [{ type: 'spread' as const, field: 'instanceId' }] };
      const [first] = (await run(1, spread)).tasks ?? [];
      const full = first?.containerInstanceArn ?? '';
      const other = [...agents.keys()].find((arn) => arn !== full) ?? '';
      await leave(full, 2);
      const launched = await Promise.all([run(3, spread), run(3, spread)]);
      expect(launched.flatMap((each) => each.failures)).toEqual([]);
      const where = launched.flatMap((each) => each.tasks ?? []).map((task) => task.containerInstanceArn);
      expect(where.filter((arn) => arn === full)).toHaveLength(2);
      expect(where.filter((arn) => arn === other)).toHaveLength(4);
      const why = await harness.containers.explain(account, { taskDefinition: 'awsvpc' });
      expect(why).toMatchObject({ fits: 1, reasons: { 'RESOURCE:ENI': 1 } });
      await leave(other, 0);
      const { tasks, failures } = await run(1, spread);
      expect(tasks).toEqual([]);
      expect(failures?.map((each) => each.reason)).toEqual(['RESOURCE:ENI', 'RESOURCE:ENI']);
      expect((await run(1, {}, 'bridge')).tasks).toHaveLength(1);
    });

    test('when the network has no subnet left, instances that have one are used', async () => {
      const spread = { networkConfiguration, placementStrategy: [{ type: 'spread' as const, field: 'instanceId' }] };
      const [first] = (await run(1, spread)).tasks ?? [];
      const last = parseTaskNetwork(usualTaskNetwork).subnets - 1;
      await harness.store.write([
        { sql: sql`INSERT INTO ecs_subnets (number, instance_arn) VALUES (${last}, 'away')` },
        { sql: sql`INSERT INTO ecs_addresses (instance_arn, host, task_arn) VALUES ('away', 2, 'still there')` },
      ]);
      const { tasks, failures } = await run(3, spread);
      expect(failures).toEqual([]);
      expect(tasks?.map((task) => task.containerInstanceArn)).toEqual(Array(3).fill(first?.containerInstanceArn));
      await harness.store.write([{ sql: sql`DELETE FROM ecs_addresses WHERE instance_arn = 'away'` }]);
      const after = await run(3, spread);
      expect(new Set(after.tasks?.map((task) => task.containerInstanceArn)).size).toBe(1);
      expect(after.tasks?.[0]?.containerInstanceArn).not.toBe(first?.containerInstanceArn);
    });

    test('a service keeps its configuration, and its tasks have addresses', async () => {
      const { client } = harness;
      const make = (more: object) =>
        client.send(
          new CreateServiceCommand({ serviceName: 'web', taskDefinition: 'awsvpc', desiredCount: 2, ...more }),
        );
      await expect(make({})).rejects.toThrow("must be provided when networkMode 'awsvpc'");
      const { service } = await make({ networkConfiguration });
      expect(service?.networkConfiguration?.awsvpcConfiguration?.subnets).toEqual(['subnet-0a1b2c3d']);
      const addresses = await until(async () => {
        const { taskArns } = await client.send(new ListTasksCommand({ serviceName: 'web' }));
        if (taskArns?.length !== 2) return undefined;
        return (await client.send(new DescribeTasksCommand({ tasks: taskArns }))).tasks?.map(addressOf);
      });
      expect(new Set(addresses).size).toBe(2);
      expect(addresses).not.toContain('');
      await client.send(new UpdateServiceCommand({ service: 'web', taskDefinition: 'bridge' }));
      const moved = await client.send(new DescribeServicesCommand({ services: ['web'] }));
      expect(moved.services?.[0]?.networkConfiguration).toBeUndefined();
    });

    test('a configuration is needed in awsvpc mode, checked, and refused in others', async () => {
      await expect(run(1, {})).rejects.toThrow("must be provided when networkMode 'awsvpc'");
      await expect(run(1, { networkConfiguration }, 'bridge')).rejects.toThrow(
        'is not valid for the given networkMode',
      );
      const vpc = (more: object) => ({ networkConfiguration: { awsvpcConfiguration: { subnets: ['s'], ...more } } });
      await expect(run(1, vpc({ subnets: [] }))).rejects.toThrow('subnets can not be empty');
      await expect(run(1, vpc({ subnets: Array(17).fill('s') }))).rejects.toThrow('at most 16 items');
      await expect(run(1, vpc({ securityGroups: Array(6).fill('s') }))).rejects.toThrow('at most 5 items');
      await expect(run(1, vpc({ assignPublicIp: 'ENABLED' }))).rejects.toThrow('public IP is not supported');
    });
  },
);

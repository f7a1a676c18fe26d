// The ECS API by the real client over HTTP: clusters, task definitions, instances, tags, paging, other accounts.
import {
  CreateClusterCommand,
  DeleteClusterCommand,
  DeregisterContainerInstanceCommand,
  DeregisterTaskDefinitionCommand,
  DescribeClustersCommand,
  DescribeContainerInstancesCommand,
  DescribeTaskDefinitionCommand,
  DiscoverPollEndpointCommand,
  ListAttributesCommand,
  ListClustersCommand,
  ListContainerInstancesCommand,
  ListTagsForResourceCommand,
  ListTaskDefinitionFamiliesCommand,
  ListTaskDefinitionsCommand,
  PutAttributesCommand,
  RegisterContainerInstanceCommand,
  RegisterTaskDefinitionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateContainerInstancesStateCommand,
} from '@aws-sdk/client-ecs';
import { testStores } from '@longshore/store/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerInstance, registration } from './testing/fake-agent.ts';
import { type Harness, openHarness } from './testing/harness.ts';

const web = { name: 'web', image: 'busybox', memory: 64 };

describe.each(testStores().map((backEnd) => [backEnd.name, backEnd] as const))(
  'the ECS API on %s',
  (_name, backEnd) => {
    let harness: Harness;
    beforeAll(async () => {
      harness = await openHarness({ backEnd });
    });
    afterAll(() => harness.close());

    async function failure(sent: Promise<unknown>): Promise<{ name: string; message: string }> {
      const error = await sent.then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (!(error instanceof Error)) throw new Error('it did not fail');
      return { name: error.name, message: error.message };
    }

    test('the default cluster is there from the start, and another one comes and goes', async () => {
      const { client } = harness;
      const { clusters } = await client.send(new DescribeClustersCommand({}));
      expect(clusters).toMatchObject([{ clusterName: 'default', status: 'ACTIVE' }]);
      const tags = [{ key: 'team', value: 'a' }];
      const { cluster } = await client.send(new CreateClusterCommand({ clusterName: 'blue', tags }));
      expect(cluster).toMatchObject({ clusterArn: 'arn:aws:ecs:us-east-1:123456789012:cluster/blue', tags });
      await client.send(new CreateClusterCommand({ clusterName: 'blue' }));
      const first = await client.send(new ListClustersCommand({ maxResults: 1 }));
      const second = await client.send(new ListClustersCommand({ maxResults: 1, nextToken: first.nextToken }));
      expect([first.clusterArns, second.clusterArns].flat().map((arn) => arn?.split('/')[1])).toEqual([
        'blue',
        'default',
      ]);
      expect(second.nextToken).toBeUndefined();
      const deleted = await client.send(new DeleteClusterCommand({ cluster: 'blue' }));
      expect(deleted.cluster?.status).toBe('INACTIVE');
      expect((await failure(client.send(new ListContainerInstancesCommand({ cluster: 'blue' })))).name).toBe(
        'ClusterNotFoundException',
      );
      const described = await client.send(new DescribeClustersCommand({ clusters: ['blue', 'none'] }));
      expect(described.clusters?.[0]?.status).toBe('INACTIVE');
      expect(described.failures).toEqual([
        { arn: 'arn:aws:ecs:us-east-1:123456789012:cluster/none', reason: 'MISSING' },
      ]);
    });

    test('a nextToken of another query is refused', async () => {
      const { client } = harness;
      for (const clusterName of ['p1', 'p2']) await client.send(new CreateClusterCommand({ clusterName }));
      const { nextToken } = await client.send(new ListClustersCommand({ maxResults: 1 }));
      const told = await failure(client.send(new ListTaskDefinitionsCommand({ nextToken })));
      expect(told.name).toBe('InvalidParameterException');
      expect((await failure(client.send(new ListClustersCommand({ nextToken: 'x' })))).name).toBe(
        'InvalidParameterException',
      );
    });

    test('task definitions get revisions, defaults and an end', async () => {
      const { client } = harness;
      const mappings = [{ containerPort: 80 }];
      const register = () =>
        client.send(
          new RegisterTaskDefinitionCommand({
            family: 'site',
            cpu: '0.5 vCPU',
            memory: '1GB',
            containerDefinitions: [{ ...web, portMappings: mappings, environment: [{ name: 'A', value: '1' }] }],
            tags: [{ key: 'k', value: 'v' }],
          }),
        );
      const { taskDefinition, tags } = await register();
      expect(taskDefinition).toMatchObject({
        taskDefinitionArn: 'arn:aws:ecs:us-east-1:123456789012:task-definition/site:1',
        revision: 1,
        status: 'ACTIVE',
        cpu: '512',
        memory: '1024',
        compatibilities: ['EXTERNAL', 'EC2'],
        volumes: [],
        requiresAttributes: [{ name: 'ecs.capability.task-cpu-mem-limit' }],
        registeredBy: 'arn:aws:iam::123456789012:root',
        containerDefinitions: [
          {
            name: 'web',
            cpu: 0,
            essential: true,
            portMappings: [{ containerPort: 80, hostPort: 0, protocol: 'tcp' }],
            mountPoints: [],
            volumesFrom: [],
          },
        ],
      });
      expect(taskDefinition?.networkMode).toBeUndefined();
      expect(taskDefinition?.registeredAt).toBeInstanceOf(Date);
      expect(tags).toEqual([{ key: 'k', value: 'v' }]);
      const revisions = await Promise.all([1, 2, 3, 4, 5].map(register));
      expect(new Set(revisions.map((each) => each.taskDefinition?.revision))).toEqual(new Set([2, 3, 4, 5, 6]));
      const latest = await client.send(
        new DescribeTaskDefinitionCommand({ taskDefinition: 'site', include: ['TAGS'] }),
      );
      expect(latest.taskDefinition?.revision).toBe(6);
      expect(latest.tags).toEqual([{ key: 'k', value: 'v' }]);
      await client.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'site:6' }));
      const before = await client.send(new DescribeTaskDefinitionCommand({ taskDefinition: 'site' }));
      expect(before.taskDefinition?.revision).toBe(5);
      const gone = await client.send(new DescribeTaskDefinitionCommand({ taskDefinition: 'site:6' }));
      expect(gone.taskDefinition?.status).toBe('INACTIVE');
      const listed = await client.send(
        new ListTaskDefinitionsCommand({ familyPrefix: 'site', sort: 'DESC', maxResults: 2 }),
      );
      expect(listed.taskDefinitionArns?.map((arn) => arn.split(':').at(-1))).toEqual(['5', '4']);
      const more = new ListTaskDefinitionsCommand({ familyPrefix: 'site', sort: 'DESC', nextToken: listed.nextToken });
      expect((await client.send(more)).taskDefinitionArns?.map((arn) => arn.split(':').at(-1))).toEqual([
        '3',
        '2',
        '1',
      ]);
      const families = await client.send(new ListTaskDefinitionFamiliesCommand({ familyPrefix: 'si' }));
      expect(families.families).toEqual(['site']);
      const unknown = await failure(client.send(new DescribeTaskDefinitionCommand({ taskDefinition: 'nothing' })));
      expect(unknown).toEqual({ name: 'ClientException', message: 'Unable to describe task definition.' });
    });

    test('instances register, echo their attributes, come back under their ARN and leave', async () => {
      const { client } = harness;
      await client.send(new CreateClusterCommand({ clusterName: 'machines' }));
      const input = { ...registration(), cluster: 'machines' };
      const { containerInstance } = await client.send(new RegisterContainerInstanceCommand(input));
      const arn = containerInstance?.containerInstanceArn ?? '';
      expect(arn).toMatch(/^arn:aws:ecs:us-east-1:123456789012:container-instance\/machines\/[0-9a-f]{32}$/);
      const attributesOf = (list: typeof input.attributes) =>
        (list ?? []).map((each) => `${each.name}=${each.value ?? ''}`).toSorted();
      expect(attributesOf(containerInstance?.attributes)).toEqual(attributesOf(input.attributes));
      expect(containerInstance).toMatchObject({ status: 'ACTIVE', agentConnected: false, runningTasksCount: 0 });
      expect(containerInstance?.remainingResources?.[2]?.stringSetValue).toEqual([
        '22',
        '2375',
        '2376',
        '51678',
        '51679',
      ]);
      const again = await client.send(new RegisterContainerInstanceCommand({ ...input, containerInstanceArn: arn }));
      expect(again.containerInstance?.containerInstanceArn).toBe(arn);

      const attribute = { name: 'stack', value: 'prod', targetId: arn };
      await client.send(new PutAttributesCommand({ cluster: 'machines', attributes: [attribute] }));
      const listed = await client.send(
        new ListAttributesCommand({ cluster: 'machines', targetType: 'container-instance', attributeName: 'stack' }),
      );
      expect(listed.attributes).toEqual([{ ...attribute, targetType: 'container-instance' }]);

      const drain = { cluster: 'machines', containerInstances: [arn, 'no-such'], status: 'DRAINING' as const };
      const drained = await client.send(new UpdateContainerInstancesStateCommand(drain));
      expect(drained.containerInstances?.[0]?.status).toBe('DRAINING');
      expect(drained.failures?.[0]?.reason).toBe('MISSING');
      const busy = await failure(client.send(new DeleteClusterCommand({ cluster: 'machines' })));
      expect(busy.name).toBe('ClusterContainsContainerInstancesException');

      await client.send(new DeregisterContainerInstanceCommand({ cluster: 'machines', containerInstance: arn }));
      const { containerInstances } = await client.send(
        new DescribeContainerInstancesCommand({ cluster: 'machines', containerInstances: [arn] }),
      );
      expect(containerInstances?.[0]?.status).toBe('INACTIVE');
      const back = await failure(
        client.send(new RegisterContainerInstanceCommand({ ...input, containerInstanceArn: arn })),
      );
      expect(back.name).toBe('ClientException');
      await client.send(new DeleteClusterCommand({ cluster: 'machines' }));
    });

    test('an instance may come back smaller only as far as its tasks allow', async () => {
      const { client } = harness;
      const arn = await registerInstance(harness, { memory: 4096 });
      const smaller = { ...registration({ memory: 4000 }), containerInstanceArn: arn };
      const { containerInstance } = await client.send(new RegisterContainerInstanceCommand(smaller));
      expect(containerInstance?.remainingResources?.[1]?.integerValue).toBe(4000);
      await harness.client.send(new DeregisterContainerInstanceCommand({ containerInstance: arn }));
    });

    test('tags of a resource are added, listed and removed', async () => {
      const { client } = harness;
      const resourceArn = 'arn:aws:ecs:us-east-1:123456789012:cluster/default';
      await client.send(
        new TagResourceCommand({
          resourceArn,
          tags: [
            { key: 'a', value: '1' },
            { key: 'b', value: '2' },
          ],
        }),
      );
      await client.send(new UntagResourceCommand({ resourceArn, tagKeys: ['a'] }));
      const { tags } = await client.send(new ListTagsForResourceCommand({ resourceArn }));
      expect(tags).toEqual([{ key: 'b', value: '2' }]);
      const reserved = new TagResourceCommand({ resourceArn, tags: [{ key: 'aws:x', value: '' }] });
      expect((await failure(client.send(reserved))).name).toBe('InvalidParameterException');
      const missing = new ListTagsForResourceCommand({ resourceArn: `${resourceArn}-none` });
      expect((await failure(client.send(missing))).name).toBe('ClusterNotFoundException');
    });

    test('an agent is sent to the address by which it came', async () => {
      const found = await harness.client.send(new DiscoverPollEndpointCommand({}));
      expect(found.endpoint).toBe(`${harness.url}/acs/`);
      expect(found.telemetryEndpoint).toBe(`${harness.url}/tcs/`);
    });

    test("another account sees and changes nothing of this one's", async () => {
      const { client, stranger } = harness;
      const instance = await registerInstance(harness);
      await client.send(new RegisterTaskDefinitionCommand({ family: 'mine', containerDefinitions: [web] }));
      const cluster = 'arn:aws:ecs:us-east-1:123456789012:cluster/default';
      expect((await stranger.send(new ListClustersCommand({}))).clusterArns).toEqual([]);
      const described = await stranger.send(new DescribeClustersCommand({ clusters: [cluster] }));
      // The endpoint of these tests allows every action: what keeps accounts apart here is the lookup itself.
      expect(described.clusters?.map((each) => each.clusterName) ?? []).toEqual([]);
      const attempts = [
        stranger.send(new DescribeContainerInstancesCommand({ cluster, containerInstances: [instance] })),
        stranger.send(new DeregisterContainerInstanceCommand({ cluster, containerInstance: instance, force: true })),
        stranger.send(
          new DescribeTaskDefinitionCommand({
            taskDefinition: `${cluster.replace('cluster/default', 'task-definition/mine:1')}`,
          }),
        ),
        stranger.send(new ListTagsForResourceCommand({ resourceArn: cluster })),
      ];
      for (const attempt of attempts)
        expect(['ClusterNotFoundException', 'ClientException', 'ResourceNotFoundException']).toContain(
          (await failure(attempt)).name,
        );
      await client.send(new DeregisterContainerInstanceCommand({ containerInstance: instance }));
    });
  },
);

// Service discovery end to end: the Cloud Map API by its real client, and names asked for by a real resolver over UDP and TCP.
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { connect } from 'node:net';
import * as map from '@aws-sdk/client-servicediscovery';
import { serveAccounts } from '@longshore/aws/testing';
import { silentLogger, systemClock } from '@longshore/base';
import { type TestBackEnd, testStores } from '@longshore/store/testing';
import * as dnsPacket from 'dns-packet';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDiscovery } from './create.ts';
import { discoveryMigrations } from './schema.ts';

const region = 'us-east-1';
const account = '123456789012';
const otherAccount = '210987654321';

async function openHarness(backEnd: TestBackEnd) {
  const { store, close } = await backEnd.open(discoveryMigrations);
  const discovery = createDiscovery({
    store,
    clock: systemClock,
    log: silentLogger,
    region,
    listen: { host: '127.0.0.1', port: 0 },
    address: async (name) => (name === 'site-1.us-east-1.elb.internal' ? '10.0.3.1' : undefined),
  });
  const server = await serveAccounts({ services: [discovery.cloudMap], region, accounts: [account, otherAccount] });
  const clientOf = (of: string) =>
    new map.ServiceDiscoveryClient({ ...server.clientOptions(of), disableHostPrefix: true });
  const client = clientOf(account);
  const stranger = clientOf(otherAccount);
  const running = discovery.services.map((service) => service.run());
  return {
    discovery,
    client,
    stranger,
    async close() {
      client.destroy();
      stranger.destroy();
      await Promise.all(discovery.services.map((service) => service.stop()));
      await Promise.all(running);
      await server.close();
      await close();
    },
  };
}

async function until<T>(probe: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const end = Date.now() + 15_000;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error('it did not come to pass in time');
    await systemClock.sleep(20);
  }
}

describe.each(testStores().map((backEnd) => [backEnd.name, backEnd] as const))(
  'service discovery on %s',
  (_name, backEnd) => {
    let at: Awaited<ReturnType<typeof openHarness>>;
    let namespaceId = '';
    const resolver = new Resolver({ timeout: 2000, tries: 2 });
    let port = 0;
    beforeAll(async () => {
      at = await openHarness(backEnd);
      const { OperationId } = await at.client.send(
        new map.CreatePrivateDnsNamespaceCommand({ Name: 'shop.local', Vpc: 'v' }),
      );
      const { Operation } = await at.client.send(new map.GetOperationCommand({ OperationId }));
      if (Operation?.Status !== 'SUCCESS') throw new Error('the namespace was not made');
      namespaceId = Operation?.Targets?.['NAMESPACE'] ?? '';
      port = (await until(() => at.discovery.listening())).port;
      resolver.setServers([`127.0.0.1:${port}`]);
    });
    afterAll(() => at.close());

    async function service(Name: string, types: ('A' | 'SRV')[]): Promise<{ id: string; arn: string }> {
      const { Service } = await at.client.send(
        new map.CreateServiceCommand({
          Name,
          DnsConfig: { NamespaceId: namespaceId, DnsRecords: types.map((Type) => ({ Type, TTL: 7 })) },
          HealthCheckCustomConfig: { FailureThreshold: 1 },
        }),
      );
      return { id: Service?.Id ?? '', arn: Service?.Arn ?? '' };
    }
    const register = (ServiceId: string, InstanceId: string, address: string, instancePort = 80) =>
      at.client.send(
        new map.RegisterInstanceCommand({
          ServiceId,
          InstanceId,
          Attributes: { AWS_INSTANCE_IPV4: address, AWS_INSTANCE_PORT: String(instancePort), colour: InstanceId },
        }),
      );

    test('a name is its healthy instances; with ports, and one by one', async () => {
      const { id } = await service('api', ['A', 'SRV']);
      expect(await resolver.resolve4('api.shop.local').catch((error: NodeJS.ErrnoException) => error.code)).toBe(
        'ENODATA',
      );
      await register(id, 'one', '10.0.0.1', 8001);
      await register(id, 'two', '10.0.0.2', 8002);
      expect((await resolver.resolve4('API.Shop.Local')).toSorted()).toEqual(['10.0.0.1', '10.0.0.2']);
      expect(await resolver.resolve4('api.shop.local', { ttl: true })).toContainEqual({ address: '10.0.0.1', ttl: 7 });
      const ports = await resolver.resolveSrv('api.shop.local');
      expect(ports.map((each) => `${each.name}:${each.port}`).toSorted()).toEqual([
        'one.api.shop.local:8001',
        'two.api.shop.local:8002',
      ]);
      expect(await resolver.resolve4('two.api.shop.local')).toEqual(['10.0.0.2']);

      const unwell = { ServiceId: id, InstanceId: 'one', Status: 'UNHEALTHY' } as const;
      await at.client.send(new map.UpdateInstanceCustomHealthStatusCommand(unwell));
      expect(await resolver.resolve4('api.shop.local')).toEqual(['10.0.0.2']);
      const { Status } = await at.client.send(new map.GetInstancesHealthStatusCommand({ ServiceId: id }));
      expect(Status).toEqual({ one: 'UNHEALTHY', two: 'HEALTHY' });
      const found = await at.client.send(
        new map.DiscoverInstancesCommand({
          NamespaceName: 'shop.local',
          ServiceName: 'api',
          QueryParameters: { colour: 'two' },
        }),
      );
      expect(found.Instances).toMatchObject([{ InstanceId: 'two', HealthStatus: 'HEALTHY' }]);

      await expect(at.client.send(new map.DeleteServiceCommand({ Id: id }))).rejects.toThrow(map.ResourceInUse);
      for (const InstanceId of ['one', 'two'])
        await at.client.send(new map.DeregisterInstanceCommand({ ServiceId: id, InstanceId }));
      await at.client.send(new map.DeleteServiceCommand({ Id: id }));
      expect(await resolver.resolve4('api.shop.local').catch((error: NodeJS.ErrnoException) => error.code)).toBe(
        'ENOTFOUND',
      );
    });

    test('tasks of services are its instances as long as they are named', async () => {
      const { id, arn } = await service('web', ['A']);
      expect(await at.discovery.tasks.registry(account, arn)).toEqual({ recordTypes: ['A'] });
      expect(await at.discovery.tasks.registry('210987654321', arn)).toBeUndefined();
      const task = (owner: string, address: string, healthy: boolean) => ({
        registryArn: arn,
        owner: `arn:aws:ecs:us-east-1:${account}:task/default/${owner}`,
        attributes: { AWS_INSTANCE_IPV4: address },
        healthy,
      });
      await register(id, 'by-hand', '10.0.1.9');
      await at.discovery.tasks.setInstances([task('aa', '10.0.1.1', true), task('bb', '10.0.1.2', false)]);
      expect((await resolver.resolve4('web.shop.local')).toSorted()).toEqual(['10.0.1.1', '10.0.1.9']);
      await at.discovery.tasks.setInstances([task('bb', '10.0.1.2', true)]);
      expect((await resolver.resolve4('web.shop.local')).toSorted()).toEqual(['10.0.1.2', '10.0.1.9']);
      await at.discovery.tasks.setInstances([]);
      const { Instances } = await at.client.send(new map.ListInstancesCommand({ ServiceId: id }));
      expect(Instances?.map((each) => each.Id)).toEqual(['by-hand']);
    });

    test('only its own names are answered, and load balancers', async () => {
      const code = (error: NodeJS.ErrnoException) => error.code;
      expect(await resolver.resolve4('example.com').catch(code)).toBe('EREFUSED');
      expect(await resolver.resolve4('nobody.shop.local').catch(code)).toBe('ENOTFOUND');
      expect(await resolver.resolve4('site-1.us-east-1.elb.internal')).toEqual(['10.0.3.1']);
    });

    test('what does not fit a datagram comes by TCP; what is no question is not answered', async () => {
      const { id } = await service('many', ['SRV']);
      const long = 'x'.repeat(50);
      for (let i = 0; i < 9; i++) await register(id, `${long}${i}`, `10.0.2.${i}`, 9000 + i);
      expect(await resolver.resolveSrv('many.shop.local')).toHaveLength(8);

      const udp = createSocket('udp4');
      const heard: Buffer[] = [];
      udp.on('message', (bytes) => heard.push(bytes));
      const query: dnsPacket.Packet = { type: 'query', id: 7, questions: [{ type: 'SRV', name: 'many.shop.local' }] };
      const send = (bytes: Uint8Array) => udp.send(bytes, port, '127.0.0.1');
      send(Buffer.from('not a question'));
      send(dnsPacket.encode({ ...query, type: 'response' }));
      send(dnsPacket.encode(query));
      const answer = dnsPacket.decode(await until(() => heard[0]));
      expect(answer).toMatchObject({ id: 7, flag_tc: true, answers: [] });
      udp.close();

      const socket = connect(port, '127.0.0.1');
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.on('error', () => undefined);
      socket.write(Buffer.from([0xff, 0xff, 1, 2, 3]));
      await closed;
    });

    test('names of one account are not another’s', async () => {
      const { Namespaces } = await at.stranger.send(new map.ListNamespacesCommand({}));
      expect(Namespaces).toEqual([]);
      await expect(at.stranger.send(new map.GetNamespaceCommand({ Id: namespaceId }))).rejects.toThrow(
        map.NamespaceNotFound,
      );
      for (const Name of ['shop.local', 'api.SHOP.local', 'local'])
        await expect(at.stranger.send(new map.CreatePrivateDnsNamespaceCommand({ Name, Vpc: 'v' }))).rejects.toThrow(
          map.NamespaceAlreadyExists,
        );
    });
  },
);

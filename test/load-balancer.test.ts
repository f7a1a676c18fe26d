// A service behind a load balancer, on three machines, under real load: a rolling deployment, a reload of the proxy, and a
// kill -9 of the control plane cost not one request; and its tasks are found by name.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Resolver } from 'node:dns/promises';
import { join } from 'node:path';
import {
  CreateServiceCommand,
  DescribeServicesCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import * as elb from '@aws-sdk/client-elastic-load-balancing-v2';
import * as map from '@aws-sdk/client-servicediscovery';
import { expect, test } from 'vitest';
import { findExecutable } from './support/command.ts';
import { freePort, until } from './support/longshore.ts';
import { startMachines, whyNoMachines } from './support/machines.ts';

const wrk = findExecutable('/usr/bin/wrk');
const missing = whyNoMachines ?? (wrk === undefined ? 'wrk is not installed' : undefined);

interface Load {
  /** Ends it; what wrk said. */
  end(): Promise<string>;
}

/** Keeps eight connections busy. */
function startLoad(url: string): Load {
  const child: ChildProcess = spawn(wrk ?? 'wrk', ['-t1', '-c8', '-d240s', '--timeout', '10s', url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    async end() {
      child.kill('SIGINT');
      await ended;
      return said;
    },
  };
}

/** The proxy outlives Longshore (which would start it again); a test does not leave it behind. */
function endProxy(dataDir: string): void {
  const pid = Number(readFileSync(join(dataDir, 'proxy', 'haproxy.pid'), 'utf8'));
  if (pid > 1) process.kill(pid, 'SIGTERM');
}

test.skipIf(missing)(
  'a rolling deployment, a reload and a kill -9 of the control plane under load lose no request',
  async () => {
    const dnsPort = await freePort();
    await using machines = await startMachines({
      count: 3,
      server: { args: ['--dns-listen', `127.0.0.1:${dnsPort}`] },
    });
    const { ecs, longshore } = machines;
    const { dataDir } = longshore;
    await using cleanUp = new AsyncDisposableStack();
    const client = new elb.ElasticLoadBalancingV2Client({
      endpoint: longshore.url,
      region: longshore.credentials.region,
      credentials: longshore.credentials,
    });
    cleanUp.defer(() => client.destroy());

    const registries = new map.ServiceDiscoveryClient({
      endpoint: longshore.url,
      region: longshore.credentials.region,
      credentials: longshore.credentials,
    });
    cleanUp.defer(() => registries.destroy());
    await registries.send(new map.CreatePrivateDnsNamespaceCommand({ Name: 'shop.local', Vpc: 'any' }));
    const { Namespaces } = await registries.send(new map.ListNamespacesCommand({}));
    const { Service: registry } = await registries.send(
      new map.CreateServiceCommand({
        Name: 'web',
        DnsConfig: { NamespaceId: Namespaces?.[0]?.Id, DnsRecords: [{ Type: 'SRV', TTL: 5 }] },
      }),
    );

    const image = await machines.pushBusybox('web:1');
    const define = async (version: string) => {
      const script = `mkdir -p /www && echo ${version} >/www/index.html && exec httpd -f -p 80 -h /www`;
      const { taskDefinition } = await ecs.send(
        new RegisterTaskDefinitionCommand({
          family: 'web',
          containerDefinitions: [
            {
              name: 'web',
              image,
              command: ['sh', '-c', script],
              memory: 64,
              stopTimeout: 2,
              portMappings: [{ containerPort: 80 }],
            },
          ],
        }),
      );
      return taskDefinition?.taskDefinitionArn ?? '';
    };

    const { TargetGroups } = await client.send(
      new elb.CreateTargetGroupCommand({
        Name: 'web',
        Protocol: 'HTTP',
        Port: 80,
        TargetType: 'ip',
        HealthCheckIntervalSeconds: 5,
        HealthCheckTimeoutSeconds: 4,
      }),
    );
    const targetGroupArn = TargetGroups?.[0]?.TargetGroupArn ?? '';
    const { LoadBalancers } = await client.send(new elb.CreateLoadBalancerCommand({ Name: 'site' }));
    const LoadBalancerArn = LoadBalancers?.[0]?.LoadBalancerArn;
    const listen = async (port: number) => {
      const DefaultActions: elb.Action[] = [{ Type: 'forward', TargetGroupArn: targetGroupArn }];
      await client.send(
        new elb.CreateListenerCommand({ LoadBalancerArn, Port: port, Protocol: 'HTTP', DefaultActions }),
      );
    };
    const port = await freePort();
    await listen(port);
    cleanUp.defer(async () => {
      await machines.stopControlPlane();
      endProxy(dataDir);
    });

    const first = await define('v1');
    await ecs.send(
      new CreateServiceCommand({
        serviceName: 'web',
        taskDefinition: first,
        desiredCount: 3,
        loadBalancers: [{ targetGroupArn, containerName: 'web', containerPort: 80 }],
        serviceRegistries: [{ registryArn: registry?.Arn, containerName: 'web', containerPort: 80 }],
        placementStrategy: [{ type: 'spread', field: 'instanceId' }],
      }),
    );
    const targetStates = async () => {
      const { TargetHealthDescriptions = [] } = await client.send(
        new elb.DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn }),
      );
      return TargetHealthDescriptions.map((each) => String(each.TargetHealth?.State));
    };
    await until('three targets are healthy', async () => (await targetStates()).join() === 'healthy,healthy,healthy');
    const body = async (at = port) => (await fetch(`http://127.0.0.1:${at}/`)).text();
    await until('the service answers', async () => (await body().catch(() => '')) === 'v1\n');

    const load = startLoad(`http://127.0.0.1:${port}/`);
    cleanUp.defer(async () => void (await load.end()));

    // A new version takes the place of the old one, task by task.
    const second = await define('v2');
    await ecs.send(new UpdateServiceCommand({ service: 'web', taskDefinition: second }));
    await until(
      'the deployment is complete',
      async () => {
        const { services } = await ecs.send(new DescribeServicesCommand({ services: ['web'] }));
        const deployments = services?.[0]?.deployments ?? [];
        return deployments.length === 1 && deployments[0]?.rolloutState === 'COMPLETED';
      },
      120_000,
    );
    await until('the old targets are gone', async () => (await targetStates()).length === 3);
    expect(await body()).toBe('v2\n');
    const { taskArns } = await ecs.send(new ListTasksCommand({ serviceName: 'web' }));
    expect(taskArns).toHaveLength(3);

    // Another listener is a reload: the socket of the first is handed on.
    const other = await freePort();
    await listen(other);
    await until('the new listener answers', async () => (await body(other).catch(() => '')) === 'v2\n');

    // The control plane dies and comes back; the proxy notices neither.
    await machines.stopControlPlane('SIGKILL');
    expect(await body()).toBe('v2\n');
    await machines.startControlPlane();
    await machines.connected();
    await ecs.send(new UpdateServiceCommand({ service: 'web', desiredCount: 2 }));
    await until('a target was drained by the new one', async () => (await targetStates()).length === 2);
    expect(await targetStates()).toEqual(['healthy', 'healthy']);

    // The two that are left are found by name, with the ports that their machines gave them.
    const resolver = new Resolver({ timeout: 2000 });
    resolver.setServers([`127.0.0.1:${dnsPort}`]);
    const found = await until('two tasks are found by name', async () => {
      const records = await resolver.resolveSrv('web.shop.local').catch(() => []);
      return records.length === 2 && records;
    });
    for (const { name, port: at } of found) {
      const [address = ''] = await resolver.resolve4(name);
      expect(await (await fetch(`http://${address}:${at}/`)).text()).toBe('v2\n');
    }

    const said = await load.end();
    expect(said).toMatch(/Requests\/sec/);
    expect(said, said).not.toMatch(/Socket errors|Non-2xx/);
    expect(Number(/(\d+) requests in/.exec(said)?.[1])).toBeGreaterThan(1000);
  },
  300_000,
);

// A blue/green deployment behind the real proxy, under load: the new revision is tried on the test listener, then all
// production traffic is switched to it at once; one that is refused goes back. Not one request is lost.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ContinueServiceDeploymentCommand,
  CreateServiceCommand,
  DescribeServiceDeploymentsCommand,
  DescribeServicesCommand,
  ListServiceDeploymentsCommand,
  RegisterTaskDefinitionCommand,
  type ServiceDeployment,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import * as elb from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test } from 'vitest';
import { findExecutable } from './support/command.ts';
import { freePort, until } from './support/longshore.ts';
import { startMachines, whyNoMachines } from './support/machines.ts';

const wrk = findExecutable('/usr/bin/wrk');
const missing = whyNoMachines ?? (wrk === undefined ? 'wrk is not installed' : undefined);

/** Keeps connections busy until it is ended; resolves to what wrk said. */
function startLoad(url: string): () => Promise<string> {
  const child = spawn(wrk ?? 'wrk', ['-t1', '-c4', '-d240s', '--timeout', '10s', url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return async () => {
    child.kill('SIGINT');
    await ended;
    return said;
  };
}

test.skipIf(missing)(
  'a blue/green deployment tries the new revision, switches all traffic at once, or goes back',
  async () => {
    await using machines = await startMachines({ count: 1 });
    const { ecs, longshore } = machines;
    await using cleanUp = new AsyncDisposableStack();
    const { url: endpoint, credentials } = longshore;
    const client = new elb.ElasticLoadBalancingV2Client({ endpoint, region: credentials.region, credentials });
    cleanUp.defer(() => client.destroy());

    const image = await machines.pushBusybox('site:1');
    const define = (version: string) =>
      ecs.send(
        new RegisterTaskDefinitionCommand({
          family: 'site',
          containerDefinitions: [
            {
              name: 'web',
              image,
              command: ['sh', '-c', `mkdir -p /www && echo ${version} >/www/index.html && exec httpd -f -p 80 -h /www`],
              memory: 32,
              stopTimeout: 2,
              portMappings: [{ containerPort: 80 }],
            },
          ],
        }),
      );
    const groups: string[] = [];
    for (const Name of ['one', 'other']) {
      const made = await client.send(
        new elb.CreateTargetGroupCommand({
          Name,
          Protocol: 'HTTP',
          Port: 80,
          TargetType: 'ip',
          HealthCheckIntervalSeconds: 5,
          HealthCheckTimeoutSeconds: 4,
        }),
      );
      groups.push(made.TargetGroups?.[0]?.TargetGroupArn ?? '');
    }
    const [one = '', other = ''] = groups;
    const { LoadBalancers } = await client.send(new elb.CreateLoadBalancerCommand({ Name: 'site' }));
    const listen = async (Port: number) => {
      const made = await client.send(
        new elb.CreateListenerCommand({
          LoadBalancerArn: LoadBalancers?.[0]?.LoadBalancerArn,
          Port,
          Protocol: 'HTTP',
          DefaultActions: [{ Type: 'forward', TargetGroupArn: one }],
        }),
      );
      return made.Listeners?.[0]?.ListenerArn ?? '';
    };
    const [port, testPort] = [await freePort(), await freePort()];
    const productionListenerRule = await listen(port);
    const testListenerRule = await listen(testPort);
    // The proxy outlives Longshore; a test does not leave it behind.
    cleanUp.defer(async () => {
      await machines.stopControlPlane();
      const pid = Number(readFileSync(join(longshore.dataDir, 'proxy', 'haproxy.pid'), 'utf8'));
      if (pid > 1) process.kill(pid, 'SIGTERM');
    });

    await define('v1');
    await ecs.send(
      new CreateServiceCommand({
        serviceName: 'site',
        taskDefinition: 'site:1',
        desiredCount: 2,
        deploymentConfiguration: {
          strategy: 'BLUE_GREEN',
          bakeTimeInMinutes: 0,
          lifecycleHooks: [{ targetType: 'PAUSE', lifecycleStages: ['POST_TEST_TRAFFIC_SHIFT'] }],
        },
        loadBalancers: [
          {
            targetGroupArn: one,
            containerName: 'web',
            containerPort: 80,
            advancedConfiguration: {
              alternateTargetGroupArn: other,
              productionListenerRule,
              testListenerRule,
              roleArn: `arn:aws:iam::${credentials.account}:role/traffic`,
            },
          },
        ],
      }),
    );
    const newest = async (): Promise<ServiceDeployment | undefined> => {
      const { serviceDeployments } = await ecs.send(new ListServiceDeploymentsCommand({ service: 'site' }));
      const serviceDeploymentArns = [serviceDeployments?.[0]?.serviceDeploymentArn ?? ''];
      const described = await ecs.send(new DescribeServiceDeploymentsCommand({ serviceDeploymentArns }));
      return described.serviceDeployments?.[0];
    };
    const answer = async (action: 'CONTINUE' | 'ROLLBACK') => {
      await until(
        'the deployment waits at its hook',
        async () => (await newest())?.lifecycleHookDetails?.some((each) => each.status === 'AWAITING_ACTION') === true,
        60_000,
      );
      const waiting = await newest();
      const hook = waiting?.lifecycleHookDetails?.find((each) => each.status === 'AWAITING_ACTION');
      return async () => {
        await ecs.send(
          new ContinueServiceDeploymentCommand({
            serviceDeploymentArn: waiting?.serviceDeploymentArn,
            hookId: hook?.hookId,
            action,
          }),
        );
        const ends = action === 'CONTINUE' ? 'SUCCESSFUL' : 'ROLLBACK_SUCCESSFUL';
        await until(`the deployment is ${ends}`, async () => (await newest())?.status === ends, 60_000);
      };
    };
    const body = async (at: number) => (await fetch(`http://127.0.0.1:${at}/`)).text().catch(() => '');
    const shows = (at: number, version: string) =>
      until(`port ${at} shows ${version}`, async () => (await body(at).catch(() => '')) === `${version}\n`, 30_000);
    await (await answer('CONTINUE'))();
    await shows(port, 'v1');
    await shows(testPort, 'v1');

    const endLoad = startLoad(`http://127.0.0.1:${port}/`);
    cleanUp.defer(async () => void (await endLoad()));

    // The new revision is on the test listener, the old one has all production traffic; then all is switched.
    await define('v2');
    await ecs.send(new UpdateServiceCommand({ service: 'site', taskDefinition: 'site:2' }));
    const goOn = await answer('CONTINUE');
    await shows(testPort, 'v2');
    expect(await body(port)).toBe('v1\n');
    const { services } = await ecs.send(new DescribeServicesCommand({ services: ['site'] }));
    expect(services?.[0]?.runningCount).toBe(4);
    await goOn();
    await shows(port, 'v2');
    expect((await newest())?.targetServiceRevision?.requestedProductionTrafficWeight).toBe(100);

    // The next one is refused: nothing of it has seen production, and the test listener goes back too.
    await define('v3');
    await ecs.send(new UpdateServiceCommand({ service: 'site', taskDefinition: 'site:3' }));
    const goBack = await answer('ROLLBACK');
    await shows(testPort, 'v3');
    await goBack();
    await shows(testPort, 'v2');
    await shows(port, 'v2');

    const said = await endLoad();
    expect(said, said).not.toMatch(/Socket errors|Non-2xx/);
    expect(Number(/(\d+) requests in/.exec(said)?.[1])).toBeGreaterThan(1000);
  },
  240_000,
);

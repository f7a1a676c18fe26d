// Load balancers end to end: the ELBv2 API by its real client, a real HAProxy, real connections.
import { createServer } from 'node:net';
import * as elb from '@aws-sdk/client-elastic-load-balancing-v2';
import { testStores } from '@longshore/store/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { account, ask, type Harness, type Origin, openHarness, origin, until } from './testing/harness.ts';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

// PostgreSQL where there is one: whole-system tests run on SQLite.
const backEnd = testStores().at(-1);
if (backEnd === undefined) throw new Error('there is no store to test with');

describe('a load balancer', () => {
  let at: Harness;
  const origins: Origin[] = [];
  beforeAll(async () => {
    at = await openHarness({ backEnd });
  });
  afterAll(() => at.close());
  afterEach(async () => {
    await Promise.all(origins.splice(0).map((each) => each.close()));
  });

  async function target(name: string): Promise<Origin> {
    const made = await origin(name);
    origins.push(made);
    return made;
  }

  async function group(name: string, more: Partial<elb.CreateTargetGroupCommandInput> = {}): Promise<string> {
    const { TargetGroups } = await at.client.send(
      new elb.CreateTargetGroupCommand({
        Name: name,
        Protocol: 'HTTP',
        Port: 80,
        TargetType: 'ip',
        HealthCheckPath: '/health',
        HealthCheckIntervalSeconds: 5,
        HealthCheckTimeoutSeconds: 2,
        HealthyThresholdCount: 2,
        ...more,
      }),
    );
    return TargetGroups?.[0]?.TargetGroupArn ?? '';
  }

  async function balancer(name: string, groupArn: string, type: 'application' | 'network' = 'application') {
    const made = await at.client.send(new elb.CreateLoadBalancerCommand({ Name: name, Type: type }));
    const port = await freePort();
    const LoadBalancerArn = made.LoadBalancers?.[0]?.LoadBalancerArn;
    const { Listeners } = await at.client.send(
      new elb.CreateListenerCommand({
        LoadBalancerArn,
        Port: port,
        Protocol: type === 'application' ? 'HTTP' : 'TCP',
        DefaultActions: [{ Type: 'forward', TargetGroupArn: groupArn }],
      }),
    );
    return { port, arn: LoadBalancerArn ?? '', listener: Listeners?.[0]?.ListenerArn ?? '' };
  }

  const register = (TargetGroupArn: string, ...ports: number[]) =>
    at.client.send(
      new elb.RegisterTargetsCommand({ TargetGroupArn, Targets: ports.map((Port) => ({ Id: '127.0.0.1', Port })) }),
    );
  const deregister = (TargetGroupArn: string, port: number) =>
    at.client.send(new elb.DeregisterTargetsCommand({ TargetGroupArn, Targets: [{ Id: '127.0.0.1', Port: port }] }));
  async function health(TargetGroupArn: string): Promise<Record<number, string>> {
    const { TargetHealthDescriptions = [] } = await at.client.send(
      new elb.DescribeTargetHealthCommand({ TargetGroupArn }),
    );
    return Object.fromEntries(
      TargetHealthDescriptions.map((each) => [each.Target?.Port ?? 0, String(each.TargetHealth?.State)]),
    );
  }
  const healthy = (arn: string, ...ports: number[]) =>
    until('targets are healthy', async () => {
      const seen = await health(arn);
      return ports.every((port) => seen[port] === 'healthy');
    });

  test('forwards to healthy targets, sends nothing to one that fails its checks, and drains one that is deregistered', async () => {
    const [one, two] = [await target('one'), await target('two')];
    const arn = await group('web');
    const { port } = await balancer('site', arn);
    two.health = 500;
    await register(arn, one.port, two.port);
    await healthy(arn, one.port);
    await until('the other fails', async () => (await health(arn))[two.port] === 'unhealthy');
    const failing = await at.client.send(new elb.DescribeTargetHealthCommand({ TargetGroupArn: arn }));
    expect(
      failing.TargetHealthDescriptions?.find((each) => each.Target?.Port === two.port)?.TargetHealth,
    ).toMatchObject({
      State: 'unhealthy',
      Reason: 'Target.ResponseCodeMismatch',
    });
    for (let i = 0; i < 6; i++) expect((await ask(port)).body).toBe('one');
    expect(two.asked).toEqual([]);
    expect(one.asked[0]).toMatchObject({ path: '/', forwardedFor: '127.0.0.1' });

    two.health = 200;
    await healthy(arn, one.port, two.port);
    const slow = ask(port, '/slow');
    const second = ask(port, '/slow');
    await until('both are asked', async () => one.asked.at(-1)?.path === '/slow' && two.asked.at(-1)?.path === '/slow');
    await deregister(arn, one.port);
    await until('it drains', async () => (await health(arn))[one.port] === 'draining');
    await until('it is asked nothing more', async () => {
      const answers = await Promise.all(Array.from({ length: 6 }, () => ask(port)));
      return answers.every((each) => each.body === 'two');
    });
    expect((await health(arn))[one.port]).toBe('draining');
    one.release();
    two.release();
    expect((await Promise.all([slow, second])).map((each) => each.body).toSorted()).toEqual(['one', 'two']);
    await until('it is gone', async () => !((await health(arn))[one.port] ?? false));
  });

  test('rules choose by path, host and header, in the order of their priorities; other actions answer themselves', async () => {
    const [web, api] = [await target('web'), await target('api')];
    const [webArn, apiArn] = [await group('rules-web'), await group('rules-api')];
    const { port, listener } = await balancer('rules', webArn);
    await register(webArn, web.port);
    await register(apiArn, api.port);
    const rule = (Priority: number, Conditions: elb.RuleCondition[], action: elb.Action) =>
      at.client.send(new elb.CreateRuleCommand({ ListenerArn: listener, Priority, Conditions, Actions: [action] }));
    const forward: elb.Action = { Type: 'forward', TargetGroupArn: apiArn };
    await rule(10, [{ Field: 'path-pattern', Values: ['/api/*'] }], forward);
    await rule(5, [{ Field: 'path-pattern', Values: ['/api/off?'] }], {
      Type: 'fixed-response',
      FixedResponseConfig: { StatusCode: '503', ContentType: 'text/plain', MessageBody: "it's off; # for now" },
    });
    await rule(20, [{ Field: 'host-header', HostHeaderConfig: { Values: ['*.api.example'] } }], forward);
    await rule(
      30,
      [
        { Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'X-To', Values: ['api'] } },
        { Field: 'query-string', QueryStringConfig: { Values: [{ Key: 'v', Value: '2*' }] } },
      ],
      forward,
    );
    await rule(40, [{ Field: 'path-pattern', Values: ['/old/*'] }], {
      Type: 'redirect',
      RedirectConfig: { StatusCode: 'HTTP_301', Path: '/new/#{path}', Port: '8080', Protocol: 'HTTP' },
    });
    await healthy(webArn, web.port);
    await healthy(apiArn, api.port);
    await until('the rules are in force', async () => (await ask(port, '/old/x')).status === 301);
    expect((await ask(port, '/')).body).toBe('web');
    expect((await ask(port, '/api/users')).body).toBe('api');
    expect((await ask(port, '/API/users')).body).toBe('web');
    expect(await ask(port, '/api/off1')).toMatchObject({ status: 503, body: "it's off; # for now" });
    expect((await ask(port, '/', { host: 'a.API.example' })).body).toBe('api');
    expect((await ask(port, '/', { 'x-to': 'api' })).body).toBe('web');
    expect((await ask(port, '/?a=1&v=2.1', { 'x-to': 'api' })).body).toBe('api');
    expect((await ask(port, '/old/x?y=1', { host: 'h.example' })).location).toBe('http://h.example:8080/new/old/x?y=1');

    const { Rules } = await at.client.send(new elb.DescribeRulesCommand({ ListenerArn: listener }));
    expect(Rules?.map((each) => each.Priority)).toEqual(['5', '10', '20', '30', '40', 'default']);
    const busy = rule(10, [{ Field: 'path-pattern', Values: ['/x'] }], forward);
    await expect(busy).rejects.toThrow(elb.PriorityInUseException);
  });

  test('shares traffic by weight, and a service moves it', async () => {
    const [blue, green] = [await target('blue'), await target('green')];
    const [blueArn, greenArn] = [await group('blue'), await group('green')];
    const { port, listener } = await balancer('shares', blueArn);
    await register(blueArn, blue.port);
    await register(greenArn, green.port);
    await healthy(blueArn, blue.port);
    expect(await health(greenArn)).toEqual({ [green.port]: 'unused' });
    await at.balancing.tasks.shift(account, listener, [
      { targetGroupArn: blueArn, weight: 1 },
      { targetGroupArn: greenArn, weight: 1 },
    ]);
    await healthy(greenArn, green.port);
    const seen = new Set<string>();
    await until('both answer', async () => seen.add((await ask(port)).body).size === 2);
    await at.balancing.tasks.shift(account, listener, [{ targetGroupArn: greenArn, weight: 1 }]);
    await until('all of it is moved', async () => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => ask(port)));
      return answers.every((each) => each.body === 'green');
    });
  });

  test('a network load balancer passes connections on', async () => {
    const one = await target('tcp-one');
    const arn = await group('tcp', {
      Protocol: 'TCP',
      HealthCheckPath: undefined,
      HealthCheckTimeoutSeconds: undefined,
      HealthCheckIntervalSeconds: 30,
    });
    const { port } = await balancer('net', arn, 'network');
    await register(arn, one.port);
    await healthy(arn, one.port);
    expect((await ask(port)).body).toBe('tcp-one');
    expect(one.asked[0]?.forwardedFor).toBe('');
  });

  test('tasks of services are its targets as long as they are named, and the proxy is found again after a restart', async () => {
    const one = await target('task');
    const arn = await group('tasks', { TargetType: 'instance' });
    const { port } = await balancer('tasks', arn);
    const wanted = { targetGroupArn: arn, owner: 'task-1', instanceId: 'i-1', address: '127.0.0.1', port: one.port };
    const state = async () =>
      (await at.balancing.tasks.setTargets([wanted]))
        .filter((each) => each.owner === 'task-1')
        .map((each) => each.state);
    expect(await state()).toEqual(['initial']);
    await until('it is healthy', async () => (await state())[0] === 'healthy');
    const before = await at.client.send(new elb.DescribeTargetHealthCommand({ TargetGroupArn: arn }));
    expect(before.TargetHealthDescriptions?.[0]?.Target).toEqual({ Id: 'i-1', Port: one.port });
    await at.restart();
    expect((await ask(port)).body).toBe('task');
    expect(await state()).toEqual(['healthy']);
    const slow = ask(port, '/slow');
    await until('it is asked', async () => one.asked.at(-1)?.path === '/slow');
    const states = await at.balancing.tasks.setTargets([]);
    expect(states.find((each) => each.owner === 'task-1')?.state).toBe('draining');
    one.release();
    expect((await slow).body).toBe('task');
    await until('it is gone', async () => {
      const left = await at.balancing.tasks.setTargets([]);
      return left.every((each) => each.owner !== 'task-1');
    });
  });

  test('refuses in the words of the API', async () => {
    const arn = await group('refusals');
    const { port, arn: balancerArn } = await balancer('refusals', arn);
    const make = (input: Partial<elb.CreateListenerCommandInput>) =>
      at.client.send(
        new elb.CreateListenerCommand({
          LoadBalancerArn: balancerArn,
          Port: port,
          Protocol: 'HTTP',
          DefaultActions: [{ Type: 'forward', TargetGroupArn: arn }],
          ...input,
        }),
      );
    await expect(make({})).rejects.toThrow(elb.DuplicateListenerException);
    await expect(make({ Port: 1_000_000 })).rejects.toThrow(/between 1 and 65535/);
    await expect(make({ Protocol: 'HTTPS', Port: await freePort() })).rejects.toThrow(elb.UnsupportedProtocolException);
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    const inUse = typeof address === 'object' && address !== null ? address.port : 0;
    await expect(make({ Port: inUse })).rejects.toThrow(/cannot be bound to 127\.0\.0\.1:\d+: it is in use/);
    await new Promise((resolve) => taken.close(resolve));
    await expect(make({ LoadBalancerArn: `${balancerArn}0` })).rejects.toThrow(elb.LoadBalancerNotFoundException);
    await expect(at.client.send(new elb.DeleteTargetGroupCommand({ TargetGroupArn: arn }))).rejects.toThrow(
      elb.ResourceInUseException,
    );
    await expect(group('refusals', { Port: 81 })).rejects.toThrow(elb.DuplicateTargetGroupNameException);
    expect(await group('refusals')).toBe(arn);
    await expect(
      at.client.send(
        new elb.ModifyTargetGroupAttributesCommand({
          TargetGroupArn: arn,
          Attributes: [{ Key: 'stickiness.enabled', Value: 'true' }],
        }),
      ),
    ).rejects.toThrow(elb.InvalidConfigurationRequestException);
    const wrong = at.client.send(
      new elb.RegisterTargetsCommand({ TargetGroupArn: arn, Targets: [{ Id: 'i-1', Port: 80 }] }),
    );
    await expect(wrong).rejects.toThrow(/not a valid IPv4 address/);
  });

  test('an account sees nothing of another, and may not name what listens for this machine alone', async () => {
    const arn = await group('own');
    await expect(at.stranger.send(new elb.DescribeTargetHealthCommand({ TargetGroupArn: arn }))).rejects.toThrow(
      elb.TargetGroupNotFoundException,
    );
    const { TargetGroups } = await at.stranger.send(new elb.DescribeTargetGroupsCommand({}));
    expect(TargetGroups).toEqual([]);
    const theirs = await at.stranger.send(
      new elb.CreateTargetGroupCommand({ Name: 'own', Protocol: 'HTTP', Port: 80, TargetType: 'ip' }),
    );
    const naming = at.stranger.send(
      new elb.RegisterTargetsCommand({
        TargetGroupArn: theirs.TargetGroups?.[0]?.TargetGroupArn,
        Targets: [{ Id: '127.0.0.1', Port: 7077 }],
      }),
    );
    await expect(naming).rejects.toThrow(elb.InvalidTargetException);
  });
});

test('without HAProxy the first load balancer is refused with what to do', async () => {
  const bare = await openHarness({ backEnd, program: '/nonexistent/haproxy' });
  const making = bare.client.send(new elb.CreateLoadBalancerCommand({ Name: 'site' }));
  await expect(making).rejects.toThrow(/Install it \(apt-get install haproxy\)/);
  await bare.close();
});

test('with a block of addresses each load balancer has one of its own', async () => {
  const block = await openHarness({ backEnd, addresses: ['127.0.9.1', '127.0.9.2'] });
  const made = async (Name: string) => {
    const { LoadBalancers } = await block.client.send(new elb.CreateLoadBalancerCommand({ Name }));
    return LoadBalancers?.[0]?.AvailabilityZones?.[0]?.LoadBalancerAddresses?.[0]?.IpAddress;
  };
  expect([await made('a'), await made('b')]).toEqual(['127.0.9.1', '127.0.9.2']);
  await expect(made('c')).rejects.toThrow(elb.TooManyLoadBalancersException);
  await block.close();
});

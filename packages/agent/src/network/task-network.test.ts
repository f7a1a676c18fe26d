// Tasks with a network of their own (awsvpc) on the real Docker Engine: one namespace, an address, and nothing left behind.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Harness, openHarness, shell, taskOf, until } from '../testing/harness.ts';
import { networkLabel } from './task-network.ts';

describe('a task in awsvpc mode', () => {
  let harness: Harness;
  // Tests of other files may use the same Engine at the same time: each run has a subnet of its own.
  const subnet = `10.222.${Math.floor(Math.random() * 256)}`;
  let host = 2;
  beforeEach(async () => {
    harness = await openHarness();
    await harness.start();
  });
  afterEach(() => harness.close());

  function ownNetwork(address = `${subnet}.${host++}`) {
    const bytes = address.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
    return {
      networkMode: 'awsvpc' as const,
      elasticNetworkInterfaces: [
        {
          ec2Id: 'attachment',
          macAddress: `02:42:${bytes.join(':')}`,
          ipv4Addresses: [{ primary: true, privateAddress: address }],
          subnetGatewayIpv4Address: `${subnet}.1/24`,
        },
      ],
    };
  }
  const terminal = { dockerConfig: { version: '', config: '{"Tty":true}', hostConfig: '{"NetworkMode":"awsvpc"}' } };
  const fetchPage = (url: string) =>
    until(`the page of ${url}`, () =>
      fetch(url).then(
        (answer) => answer.text(),
        () => undefined,
      ),
    );

  test('has its address in every container, is reached there, and its containers reach each other on localhost', async () => {
    const { plane } = harness;
    const address = `${subnet}.77`;
    const task = taskOf(
      [
        shell(plane, 'ip -4 addr show eth0 > /index.html; exec httpd -f -p 8080 -h /', {
          name: 'web',
          stopTimeout: 0,
          portMappings: [{ containerPort: 8080, hostPort: 8080, protocol: 'tcp' }],
        }),
        shell(plane, 'until wget -qO- http://127.0.0.1:8080/ 2>/dev/null; do usleep 50000; done; exec sleep 1000', {
          name: 'neighbour',
          stopTimeout: 0,
          ...terminal,
        }),
      ],
      ownNetwork(address),
    );
    plane.payload(task);
    const running = await harness.reported(task.arn, 'RUNNING');
    expect(running.containers?.map((one) => one.networkBindings ?? [])).toEqual([[], []]);
    expect(await fetchPage(`http://${address}:8080/`)).toContain(`inet ${address}/24`);
    const neighbour = running.containers?.find((one) => one.containerName === 'neighbour')?.runtimeId ?? '';
    expect(await harness.logs(neighbour, (text) => text.includes('inet '))).toContain(address);

    const other = taskOf(
      [shell(plane, `wget -qO- http://${address}:8080/; exec sleep 1000`, { stopTimeout: 0, ...terminal })],
      ownNetwork(),
    );
    plane.payload(other);
    const second = await harness.reported(other.arn, 'RUNNING');
    const id = second.containers?.[0]?.runtimeId ?? '';
    expect(await harness.logs(id, (text) => text.includes('inet '))).toContain(address);
    for (const one of [task, other]) plane.payload({ ...one, desiredStatus: 'STOPPED' });
    for (const one of [task, other]) await harness.reported(one.arn, 'STOPPED');
  });

  test('is reported as stopped when its address is free again, and takes it again at once', async () => {
    const { plane } = harness;
    const address = `${subnet}.99`;
    for (let round = 0; round < 2; round++) {
      const task = taskOf([shell(plane, 'exit 3')], ownNetwork(address));
      plane.payload(task);
      const change = await harness.reported(task.arn, 'STOPPED');
      expect(change).toMatchObject({ reason: 'Essential container in task exited', containers: [{ exitCode: 3 }] });
      expect((await harness.containers(task.arn)).length).toBe(1);
    }
  });

  test('is taken up by the agent’s next life, and ends when its network does', async () => {
    const { plane, engine } = harness;
    const task = taskOf([shell(plane, 'exec sleep 1000', { stopTimeout: 0 })], ownNetwork());
    plane.payload(task);
    const running = await harness.reported(task.arn, 'RUNNING');
    const container = await engine.inspectContainer(running.containers?.[0]?.runtimeId ?? '');
    const holder = container?.HostConfig.NetworkMode?.slice('container:'.length) ?? '';
    const next = await harness.restart();
    expect((await engine.inspectContainer(holder))?.State.Status).toBe('running');
    await engine.removeContainer(holder);
    const change = await harness.reported(task.arn, 'STOPPED');
    expect(change.containers?.[0]?.status).toBe('STOPPED');
    await next.stop();
    const { agentId } = await harness.identity();
    expect(await engine.listNetworks([`${networkLabel}=${agentId}`])).toEqual([]);
  });

  test('stops with the reason when there can be no such network', async () => {
    const { plane } = harness;
    const first = taskOf([shell(plane, 'exec sleep 1000', { stopTimeout: 0 })], ownNetwork());
    plane.payload(first);
    await harness.reported(first.arn, 'RUNNING');
    const taken = first.elasticNetworkInterfaces?.[0]?.ipv4Addresses[0]?.privateAddress;
    const second = taskOf([shell(plane, 'exec sleep 1000')], ownNetwork(taken));
    plane.payload(second);
    const change = await harness.reported(second.arn, 'STOPPED');
    expect(change.reason).toMatch(/^ResourceInitializationError: .*already in use/);
    plane.payload({ ...first, desiredStatus: 'STOPPED' });
    await harness.reported(first.arn, 'STOPPED');
  });
});

// The task endpoint on the real Docker Engine: containers ask it with busybox's wget, on the bridge and on the host's network.
import { networkInterfaces } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Harness, openHarness, shell, taskOf } from '../testing/harness.ts';
import { isLocalPeer } from './peer.ts';

describe('who may ask', () => {
  const eth0 = { address: '192.168.1.5', netmask: '255.255.255.0', family: 'IPv4', mac: '', internal: false } as const;
  const interfaces = {
    lo: [{ ...eth0, address: '127.0.0.1', cidr: '127.0.0.1/8', internal: true }],
    eth0: [{ ...eth0, cidr: '192.168.1.5/24' }],
    docker0: [{ ...eth0, address: '172.17.0.1', cidr: '172.17.0.1/16' }],
    'br-0a1b2c3d4e5f': [{ ...eth0, address: '10.208.3.1', cidr: '10.208.3.1/24' }],
  };
  test.each(['172.17.0.9', '::ffff:172.17.0.9', '10.208.3.77', '192.168.1.5', '127.0.0.1'])('%s may', (peer) => {
    expect(isLocalPeer(peer, interfaces)).toBe(true);
  });
  test.each(['192.168.1.6', '8.8.8.8', '172.18.0.1', '::1', ''])('%s may not', (peer) => {
    expect(isLocalPeer(peer, interfaces)).toBe(false);
  });
  test('this machine itself may', () => {
    expect(isLocalPeer('127.0.0.1', networkInterfaces())).toBe(true);
  });
});

describe('a container that asks about itself', () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await openHarness();
    await harness.start({ taskEndpoint: true });
  });
  afterEach(() => harness.close());

  /** Runs `script` and gives what it wrote, read from the container's log. */
  async function outputOf(script: string, more = {}, networkMode?: 'host' | 'bridge'): Promise<string> {
    const { plane, engine } = harness;
    const dockerConfig = { version: '', config: '{"Tty":true}', hostConfig: '' };
    const container = { dockerConfig, stopTimeout: 0, ...more };
    const task = taskOf([shell(plane, `${script} || echo failed; exec sleep 1000`, container)], {
      serviceName: 'web',
      ...(networkMode && { networkMode }),
    });
    plane.payload(task);
    const change = await harness.reported(task.arn, 'RUNNING');
    const id = change.containers?.[0]?.runtimeId ?? '';
    const text = await harness.logs(id, (log) => log.includes('\n'));
    plane.payload({ ...task, desiredStatus: 'STOPPED' });
    await harness.reported(task.arn, 'STOPPED');
    expect(await engine.inspectContainer(id)).toBeDefined();
    return text.trim();
  }

  test.each([
    ['bridge', { IPv4Addresses: [expect.stringMatching(/^\d+\./)] }],
    ['host', {}],
  ] as const)('in %s mode is told what it is', async (mode, addresses) => {
    const text = await outputOf('wget -qO- $ECS_CONTAINER_METADATA_URI_V4; echo', {}, mode);
    const metadata = JSON.parse(text) as Record<string, unknown>;
    expect(metadata).toMatchObject({
      Name: 'main',
      Image: harness.plane.image,
      DesiredStatus: 'RUNNING',
      Type: 'NORMAL',
      Limits: { CPU: 2 },
      LogDriver: 'json-file',
      Networks: [{ NetworkMode: mode, ...addresses }],
      ContainerARN: expect.stringMatching(/^arn:aws:ecs:us-east-1:123456789012:container\//),
      Labels: { 'com.amazonaws.ecs.container-name': 'main' },
    });
    expect(metadata['DockerId']).toMatch(/^[0-9a-f]{64}$/);
    expect(metadata['ImageID']).toMatch(/^sha256:/);
  });

  test('is told of its task', async () => {
    const text = await outputOf('wget -qO- $ECS_CONTAINER_METADATA_URI_V4/task; echo');
    expect(JSON.parse(text)).toMatchObject({
      Cluster: expect.stringContaining(':cluster/test'),
      TaskARN: expect.stringContaining(':task/test/'),
      Family: 'agent-test',
      Revision: '1',
      ServiceName: 'web',
      DesiredStatus: 'RUNNING',
      LaunchType: 'EXTERNAL',
      PullStartedAt: expect.any(String),
      Containers: [{ Name: 'main', ContainerARN: expect.any(String) }],
    });
  });

  test('is told what it uses, in the Engine’s own form', async () => {
    const script =
      'for i in $(seq 100); do wget -qO /s $ECS_CONTAINER_METADATA_URI_V4/stats 2>/dev/null && break; usleep 50000; done; cat /s';
    const stats = JSON.parse(await outputOf(`${script}; echo`)) as Record<string, unknown>;
    expect(stats).toMatchObject({ cpu_stats: { cpu_usage: {} }, memory_stats: {}, networks: {} });
  });

  test('finds nothing under another id, and the older version under its own', async () => {
    const v3 = JSON.parse(await outputOf('wget -qO- $ECS_CONTAINER_METADATA_URI; echo')) as Record<string, unknown>;
    expect(v3).toMatchObject({ Name: 'main' });
    expect(v3).not.toHaveProperty('ContainerARN');
    // The last digit is another one, whatever it was.
    const guess = '$(echo $ECS_CONTAINER_METADATA_URI_V4 | sed -e "s/f$/0/" -e t -e "s/.$/f/")';
    expect(await outputOf(`wget -qO- ${guess} 2>&1`)).toContain('404');
  });
});

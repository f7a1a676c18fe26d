// The agent's side of the control protocol: registration, reconnection, manifests, retries, cleaning.
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { newUuid } from '@longshore/base';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startRelay } from './testing/relay.ts';
import { clusterArn } from './testing/control-plane.ts';
import { type Harness, openHarness, shell, taskOf, until } from './testing/harness.ts';

let harness: Harness;

beforeEach(async () => {
  harness = await openHarness();
});

afterEach(async () => {
  await harness.close();
});

const sleeper = (more = {}) => taskOf([shell(harness.plane, 'exec sleep 1000', { stopTimeout: 0, ...more })]);

function manifest(timeline: number, tasks: readonly string[]) {
  const messageId = newUuid();
  harness.plane.send('TaskManifestMessage', {
    messageId,
    clusterArn,
    containerInstanceArn: 'an instance',
    tasks: tasks.map((taskArn) => ({ taskArn, taskClusterArn: clusterArn, desiredStatus: 'RUNNING' })),
    generatedAt: Date.now(),
    timeline,
  });
  return messageId;
}

const verifications = () => harness.plane.frames.filter((frame) => frame.type === 'TaskStopVerificationMessage');

test('registers its resources and capabilities, and again under the same ARN after a restart', async () => {
  const { plane } = harness;
  const first = await harness.start({ attributes: { rack: 'r1' } });
  const [registration] = plane.registrations;
  const resources = registration?.['totalResources'] as { name: string; integerValue: number }[];
  expect(resources.map((one) => one.name)).toEqual(['CPU', 'MEMORY', 'PORTS', 'PORTS_UDP']);
  expect(resources[0]?.integerValue).toBeGreaterThanOrEqual(1024);
  const attributes = registration?.['attributes'] as { name: string; value?: string }[];
  expect(attributes).toContainEqual({ name: 'com.amazonaws.ecs.capability.logging-driver.json-file' });
  expect(attributes).toContainEqual({ name: 'ecs.os-type', value: 'linux' });
  expect(attributes).toContainEqual({ name: 'rack', value: 'r1' });
  await first.stop();
  await harness.start();
  expect(plane.registrations[1]?.['containerInstanceArn']).toMatch(
    /^arn:aws:ecs:us-east-1:123456789012:container-instance\//,
  );
});

test('names itself to the socket as the protocol wants and answers heartbeats', async () => {
  const { plane } = harness;
  await harness.start();
  const acs = plane.upgrades.find((one) => one.startsWith('/acs/ws')) ?? '';
  const query = new URL(acs, plane.url).searchParams;
  for (const name of [
    'agentHash',
    'agentVersion',
    'clusterArn',
    'containerInstanceArn',
    'dockerVersion',
    'sendCredentials',
  ])
    expect(query.get(name)).toBeTruthy();
  expect(query.get('protocolVersion')).toBe('2');
  plane.send('HeartbeatMessage', { messageId: 'beat', healthy: true });
  await until('the answer', () =>
    plane.frames.find((frame) => frame.type === 'HeartbeatAckRequest' && frame.message['messageId'] === 'beat'),
  );
});

test('connects again when the connection is lost, and its tasks run on', async () => {
  const { plane } = harness;
  await harness.start();
  const task = sleeper();
  plane.payload(task);
  await harness.reported(task.arn, 'RUNNING');
  plane.dropSockets();
  await until('the end of the connection', () => !plane.connected());
  await until('a new connection', () => plane.connected());
  expect((await harness.containers(task.arn)).map((one) => one.State)).toEqual(['running']);
});

test('registers anew when the control plane says that the instance is gone', async () => {
  const { plane } = harness;
  await harness.start();
  plane.retireInstances();
  plane.dropSockets();
  await until('another registration', () => plane.registrations.length >= 2 && plane.connected());
  expect(plane.registrations.at(-1)?.['containerInstanceArn']).toBeUndefined();
});

test('stops a task that the manifest lacks only after the control plane has confirmed it', async () => {
  const { plane } = harness;
  await harness.start();
  const [kept, unwanted] = [sleeper(), sleeper()];
  plane.payload(kept, unwanted);
  await harness.reported(kept.arn, 'RUNNING');
  await harness.reported(unwanted.arn, 'RUNNING');
  const messageId = manifest(1000, [kept.arn]);
  const asked = await until('the question', () => verifications()[0]);
  expect(asked.message['messageId']).toBe(messageId);
  expect(asked.message['stopCandidates']).toMatchObject([{ taskArn: unwanted.arn, desiredStatus: 'STOPPED' }]);
  const confirm = (id: string) =>
    plane.send('TaskStopVerificationAck', {
      messageId: id,
      generatedAt: Date.now(),
      stopTasks: [{ taskArn: unwanted.arn, taskClusterArn: clusterArn, desiredStatus: 'STOPPED' }],
    });
  confirm('another message');
  plane.send('HeartbeatMessage', { messageId: 'after', healthy: true });
  await until('the heartbeat', () => plane.frames.find((frame) => frame.message['messageId'] === 'after'));
  expect((await harness.containers(unwanted.arn)).map((one) => one.State)).toEqual(['running']);
  confirm(messageId);
  await harness.reported(unwanted.arn, 'STOPPED');
  expect((await harness.containers(kept.arn)).map((one) => one.State)).toEqual(['running']);
});

test('ignores a manifest that is older than what it has seen', async () => {
  const { plane } = harness;
  await harness.start();
  const task = sleeper();
  plane.payload(task);
  await harness.reported(task.arn, 'RUNNING');
  const current = manifest(1000, [task.arn]);
  await until('the acknowledgement', () => plane.acks.includes(current));
  const stale = manifest(999, []);
  plane.send('HeartbeatMessage', { messageId: 'after', healthy: true });
  await until('the heartbeat', () => plane.frames.find((frame) => frame.message['messageId'] === 'after'));
  expect(plane.acks).not.toContain(stale);
  expect(verifications()).toEqual([]);
});

test('finds a running container whose task it has forgotten, and removes it when told', async () => {
  const { plane, dataDir } = harness;
  const first = await harness.start();
  const task = sleeper();
  plane.payload(task);
  await harness.reported(task.arn, 'RUNNING');
  await first.stop();
  for (const file of await readdir(join(dataDir, 'tasks'))) await rm(join(dataDir, 'tasks', file));
  await harness.start();
  const messageId = manifest(1000, []);
  const asked = await until('the question', () => verifications()[0]);
  expect(asked.message['stopCandidates']).toMatchObject([{ taskArn: task.arn }]);
  const stopTasks = [{ taskArn: task.arn, taskClusterArn: clusterArn, desiredStatus: 'STOPPED' as const }];
  plane.send('TaskStopVerificationAck', { messageId, generatedAt: Date.now(), stopTasks });
  await until('its removal', async () => (await harness.containers(task.arn)).length === 0, 45_000);
}, 60_000);

test('adopts the container of a forgotten task when the task is sent again', async () => {
  const { plane, dataDir } = harness;
  const first = await harness.start();
  const task = sleeper();
  plane.payload(task);
  const before = await harness.reported(task.arn, 'RUNNING');
  await first.stop();
  for (const file of await readdir(join(dataDir, 'tasks'))) await rm(join(dataDir, 'tasks', file));
  plane.changes.length = 0;
  await harness.start();
  plane.payload(task);
  const after = await harness.reported(task.arn, 'RUNNING');
  expect(after.containers?.[0]?.runtimeId).toBe(before.containers?.[0]?.runtimeId);
});

test('tells a state change until it is accepted, in order', async () => {
  const { plane } = harness;
  await harness.start();
  plane.failSubmits = 4;
  const task = taskOf([shell(plane, 'exit 0')]);
  plane.payload(task);
  await harness.reported(task.arn, 'STOPPED');
  expect(plane.changes.map((one) => one.status)).toEqual(['RUNNING', 'STOPPED']);
});

test('a stop for a task that it does not know is answered with STOPPED', async () => {
  const { plane } = harness;
  await harness.start();
  const task = { ...sleeper(), desiredStatus: 'STOPPED' as const };
  plane.payload(task);
  const change = await harness.reported(task.arn, 'STOPPED');
  expect(change.containers?.[0]?.runtimeId).toBeUndefined();
  expect(await harness.containers(task.arn)).toEqual([]);
});

test('removes what a stopped task left: container, volume and state file', async () => {
  const { plane, dataDir } = harness;
  await harness.start({ keepStoppedMs: 0 });
  const container = shell(plane, 'echo kept > /data/file', {
    mountPoints: [{ sourceVolume: 'data', containerPath: '/data', readOnly: false }],
  });
  const task = taskOf([container], {
    volumes: [{ name: 'data', type: 'docker', dockerVolumeConfiguration: { scope: 'task' } }],
  });
  plane.payload(task);
  const change = await harness.reported(task.arn, 'STOPPED');
  expect(change.containers?.[0]?.exitCode).toBe(0);
  await until('the state file’s end', async () => (await readdir(join(dataDir, 'tasks'))).length === 0);
  expect(await harness.containers(task.arn)).toEqual([]);
});

test('waits out an Engine that is away, and tells what happened meanwhile', async () => {
  const { plane, engine, dataDir } = harness;
  const relay = await startRelay(join(dataDir, 'engine.sock'), '/var/run/docker.sock');
  await harness.start({ dockerHost: relay.dockerHost });
  const [ends, stays] = [sleeper(), sleeper()];
  plane.payload(ends, stays);
  const running = await harness.reported(ends.arn, 'RUNNING');
  await harness.reported(stays.arn, 'RUNNING');
  await relay.away();
  await engine.killContainer(running.containers?.[0]?.runtimeId ?? '', 'KILL');
  const late = taskOf([shell(plane, 'exit 9')]);
  plane.payload(late);
  await until('the late task on disk', async () => (await readdir(join(dataDir, 'tasks'))).length === 3);
  await relay.back();
  expect((await harness.reported(ends.arn, 'STOPPED')).containers?.[0]?.exitCode).toBe(137);
  expect((await harness.reported(late.arn, 'STOPPED')).containers?.[0]?.exitCode).toBe(9);
  expect((await harness.containers(stays.arn)).map((one) => one.State)).toEqual(['running']);
  expect(plane.changes.filter((one) => one.task === stays.arn).map((one) => one.status)).toEqual(['RUNNING']);
  await relay.away();
});

test('keeps its state, which holds secrets, to its owner', async () => {
  const { plane, dataDir } = harness;
  await harness.start();
  const task = sleeper({ environment: { PASSWORD: 'hunter2' } });
  plane.payload(task);
  await harness.reported(task.arn, 'RUNNING');
  const [file = ''] = await readdir(join(dataDir, 'tasks'));
  const path = join(dataDir, 'tasks', file);
  expect(await readFile(path, 'utf8')).toContain('hunter2');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(join(dataDir, 'tasks'))).mode & 0o777).toBe(0o700);
});

test('starts containers in the order of their dependencies, with a volume between them', async () => {
  const { plane } = harness;
  await harness.start();
  const mountPoints = [{ sourceVolume: 'shared', containerPath: '/shared', readOnly: false }];
  const task = taskOf(
    [
      shell(plane, 'exec cat /shared/file', {
        name: 'reader',
        mountPoints,
        dependsOn: [{ containerName: 'writer', condition: 'SUCCESS' }],
      }),
      shell(plane, 'sleep 0.3; echo written > /shared/file', { name: 'writer', essential: false, mountPoints }),
    ],
    { volumes: [{ name: 'shared', type: 'docker', dockerVolumeConfiguration: { scope: 'task' } }] },
  );
  plane.payload(task);
  const change = await harness.reported(task.arn, 'STOPPED');
  expect(change.containers?.map((one) => [one.containerName, one.exitCode])).toEqual([
    ['reader', 0],
    ['writer', 0],
  ]);
});

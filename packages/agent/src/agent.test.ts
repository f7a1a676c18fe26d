// Tasks from a control plane's message to containers on the real Docker Engine and back to its ears.
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Harness, openHarness, shell, taskOf, until } from './testing/harness.ts';

let harness: Harness;

beforeAll(async () => {
  harness = await openHarness();
  await harness.start({ measureEveryMs: 500 });
});

afterAll(async () => {
  await harness.close();
});

function httpGet(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path: '/' }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

describe('running a task', () => {
  test('starts the container, reports RUNNING with its id and image digest, acknowledges the payload', async () => {
    const { plane, engine } = harness;
    const container = shell(plane, 'echo $GREETING; exec sleep 1000', {
      environment: { GREETING: 'hello' },
      stopTimeout: 1,
    });
    const task = taskOf([container]);
    const messageId = plane.payload(task);
    const change = await harness.reported(task.arn, 'RUNNING');
    expect(plane.acks).toContain(messageId);
    const [told] = change.containers ?? [];
    expect(told).toMatchObject({
      containerName: 'main',
      status: 'RUNNING',
      imageDigest: plane.registry.manifestDigest,
    });
    const inspection = await engine.inspectContainer(told?.runtimeId ?? '');
    expect(inspection?.State.Status).toBe('running');
    expect(inspection?.Config.Labels?.['com.amazonaws.ecs.task-arn']).toBe(task.arn);

    plane.payload({ ...task, desiredStatus: 'STOPPED' });
    await harness.reported(task.arn, 'STOPPED');
  });

  test('reports the exit code of a container that ends by itself, RUNNING first', async () => {
    const { plane } = harness;
    const task = taskOf([shell(plane, 'exit 7')]);
    plane.payload(task);
    const change = await harness.reported(task.arn, 'STOPPED');
    expect(change.containers?.[0]).toMatchObject({ status: 'STOPPED', exitCode: 7 });
    expect(change.reason).toBe('Essential container in task exited');
    const statuses = plane.changes.filter((one) => one.task === task.arn).map((one) => one.status);
    expect(statuses).toEqual(['RUNNING', 'STOPPED']);
  });

  test('answers on the dynamic port that it reports', async () => {
    const { plane } = harness;
    const container = shell(plane, 'echo it is me > /index.html; exec httpd -f -p 8080 -h /', {
      portMappings: [{ containerPort: 8080, hostPort: 0, protocol: 'tcp' }],
      stopTimeout: 1,
    });
    const task = taskOf([container]);
    plane.payload(task);
    const change = await harness.reported(task.arn, 'RUNNING');
    const binding = change.containers?.[0]?.networkBindings?.find((one) => one.containerPort === 8080);
    expect(binding).toMatchObject({ bindIP: '127.0.0.1' });
    expect(binding?.hostPort).toBeGreaterThan(1024);
    const body = await until('the page', () => httpGet(binding?.hostPort ?? 0).catch(() => undefined));
    expect(body).toBe('it is me\n');
    plane.payload({ ...task, desiredStatus: 'STOPPED' });
    await harness.reported(task.arn, 'STOPPED');
  });

  test('says that a container was killed for its memory', async () => {
    const { plane } = harness;
    const task = taskOf([shell(plane, 'exec tail /dev/zero', { memory: 8 })]);
    plane.payload(task);
    const change = await harness.reported(task.arn, 'STOPPED');
    expect(change.containers?.[0]).toMatchObject({
      exitCode: 137,
      reason: 'OutOfMemoryError: Container killed due to memory usage',
    });
  });

  test('stops at once with the reason when the image does not exist', async () => {
    const { plane } = harness;
    const image = plane.image.replace(/:[^:/]+$/, ':no-such-tag');
    const task = taskOf([shell(plane, 'true', { image })]);
    const begun = performance.now();
    plane.payload(task);
    const change = await harness.reported(task.arn, 'STOPPED');
    expect(change.reason).toMatch(/^CannotPullContainerError: .*not found/);
    expect(change.containers?.[0]?.exitCode).toBeUndefined();
    expect(performance.now() - begun).toBeLessThan(5_000);
  });

  test('sends no credential to a host that is not the registry of the token', async () => {
    const { plane } = harness;
    const image = plane.image.replace('127.0.0.1', 'localhost');
    const task = taskOf([shell(plane, 'true', { image })]);
    plane.payload(task);
    const change = await harness.reported(task.arn, 'STOPPED');
    expect(change.reason).toMatch(/^CannotPullContainerError: the image's host localhost:\d+ is not 127\.0\.0\.1:\d+/);
  });

  test('says why a container could not be started', async () => {
    const { plane } = harness;
    const task = taskOf([shell(plane, '', { command: ['/no/such/program'] })]);
    plane.payload(task);
    const change = await harness.reported(task.arn, 'STOPPED');
    expect(change.reason).toMatch(/^CannotStartContainerError: .*no such file or directory/);
  });
});

describe('stopping a task', () => {
  test('is SIGTERM first: a container that heeds it ends with its own code', async () => {
    const { plane } = harness;
    const task = taskOf([shell(plane, "trap 'exit 42' TERM; while :; do sleep 0.05; done", { stopTimeout: 100 })]);
    plane.payload(task);
    await harness.reported(task.arn, 'RUNNING');
    plane.payload({ ...task, desiredStatus: 'STOPPED' });
    // It is not waited for so long as its grace would last.
    const change = await harness.reported(task.arn, 'STOPPED', 50_000);
    expect(change.containers?.[0]?.exitCode).toBe(42);
  });

  test('is SIGKILL after stopTimeout for one that does not', async () => {
    const { plane } = harness;
    const task = taskOf([shell(plane, "trap '' TERM; while :; do sleep 0.05; done", { stopTimeout: 2 })]);
    plane.payload(task);
    await harness.reported(task.arn, 'RUNNING');
    const begun = performance.now();
    plane.payload({ ...task, desiredStatus: 'STOPPED' });
    const change = await harness.reported(task.arn, 'STOPPED');
    const took = performance.now() - begun;
    expect(change.containers?.[0]?.exitCode).toBe(137);
    expect(took).toBeGreaterThan(1_900);
    expect(took).toBeLessThan(12_000);
  });

  test('an essential container that ends takes the others with it', async () => {
    const { plane } = harness;
    const task = taskOf([
      shell(plane, 'sleep 0.3; exit 3', { name: 'first' }),
      shell(plane, 'exec sleep 1000', { name: 'second', essential: false, stopTimeout: 1 }),
    ]);
    plane.payload(task);
    const change = await harness.reported(task.arn, 'STOPPED');
    expect(change.containers?.map((one) => [one.containerName, one.exitCode])).toEqual([
      ['first', 3],
      ['second', 137],
    ]);
  });
});

test('a container that somebody removes ends its task with a reason', async () => {
  const { plane, engine } = harness;
  const task = taskOf([shell(plane, 'exec sleep 1000')]);
  plane.payload(task);
  const running = await harness.reported(task.arn, 'RUNNING');
  await engine.removeContainer(running.containers?.[0]?.runtimeId ?? '');
  const change = await harness.reported(task.arn, 'STOPPED');
  expect(change.containers?.[0]?.status).toBe('STOPPED');
  expect(await harness.containers(task.arn)).toEqual([]);
});

test('a container of somebody else with the task’s name makes way', async () => {
  const { plane, engine } = harness;
  const task = taskOf([shell(plane, 'exec sleep 1000', { stopTimeout: 1 })]);
  const name = `ecs-agent-test-1-main-${task.arn.slice(task.arn.lastIndexOf('/') + 1)}`;
  await engine.createContainer(name, { Image: plane.image, Labels: {}, HostConfig: {} });
  plane.payload(task);
  const change = await harness.reported(task.arn, 'RUNNING');
  expect((await engine.inspectContainer(name))?.Id).toBe(change.containers?.[0]?.runtimeId);
  plane.payload({ ...task, desiredStatus: 'STOPPED' });
  await harness.reported(task.arn, 'STOPPED');
});

test('an image that is here with the registry’s digest costs one check and no pull', async () => {
  const { plane } = harness;
  const before = { ...plane.registry.counts };
  const task = taskOf([shell(plane, 'exit 0')]);
  plane.payload(task);
  await harness.reported(task.arn, 'STOPPED');
  expect(plane.registry.counts).toEqual({ ...before, head: before.head + 1 });
});

describe('an image that is here', () => {
  test('is used when the registry cannot be asked', async () => {
    const { plane } = harness;
    plane.registry.trouble = 'unavailable';
    const task = taskOf([shell(plane, 'exit 5')]);
    plane.payload(task);
    const change = await harness.reported(task.arn, 'STOPPED');
    plane.registry.trouble = 'none';
    expect(change.containers?.[0]).toMatchObject({ exitCode: 5, imageDigest: plane.registry.manifestDigest });
  });

  test('is not used when the registry says no', async () => {
    const { plane } = harness;
    plane.registry.trouble = 'denied';
    const task = taskOf([shell(plane, 'exit 5')]);
    plane.payload(task);
    const change = await harness.reported(task.arn, 'STOPPED');
    plane.registry.trouble = 'none';
    expect(change.reason).toMatch(/^CannotPullContainerError: .*(?:denied|withdrawn)/);
  });

  test('is pulled no more for a task that is stopped before', async () => {
    const { plane } = harness;
    const task = { ...taskOf([shell(plane, 'exit 5')]), desiredStatus: 'STOPPED' as const };
    const before = { ...plane.registry.counts };
    plane.payload(task);
    await harness.reported(task.arn, 'STOPPED');
    expect(plane.registry.counts).toEqual(before);
  });
});

test('a task that cannot be understood is reported as stopped and its payload is not acknowledged', async () => {
  const { plane } = harness;
  const task = taskOf([shell(plane, 'true', { dependsOn: [{ containerName: 'nobody', condition: 'START' }] })]);
  const messageId = plane.payload(task);
  const change = await harness.reported(task.arn, 'STOPPED');
  expect(change.reason).toBe(
    'UnrecognizedTaskError: Error loading task - container main refers to nobody, which is not in the task',
  );
  expect(plane.acks).not.toContain(messageId);
});

test('measures a busy container as the Engine does', async () => {
  const { plane, engine } = harness;
  const task = taskOf([shell(plane, 'while :; do :; done', { memory: 64, stopTimeout: 0 })]);
  const begun = Date.now();
  plane.payload(task);
  const running = await harness.reported(task.arn, 'RUNNING');
  const readings = () =>
    plane.metrics
      .flatMap((message) => message.taskMetrics)
      .filter((metric) => metric.taskArn === task.arn)
      .flatMap((metric) => metric.containerMetrics[0]?.longshoreReading ?? []);
  /** How much of a core a loop gets is the machine's business: what the Engine counted before and after bounds it. */
  const engineSeconds = async () => {
    const stats = (await engine.stats(running.containers?.[0]?.runtimeId ?? '')) as {
      readonly cpu_stats: { readonly cpu_usage: { readonly total_usage: number } };
    };
    return stats.cpu_stats.cpu_usage.total_usage / 1e9;
  };
  const earlier = readings().length;
  const before = await engineSeconds();
  // The next one may be under way already; the one after it was not begun yet.
  const [previous, reading] = await until('two more readings', () => {
    const list = readings();
    return list.length >= Math.max(earlier, 1) + 2 && list.slice(-2);
  });
  const after = await engineSeconds();
  const gained = (reading?.cpuSeconds ?? 0) - (previous?.cpuSeconds ?? 0);
  const seconds = ((reading?.time ?? 0) - (previous?.time ?? 0)) / 1000;
  expect(gained).toBeGreaterThan(0);
  expect(reading?.cpuPercent).toBeCloseTo((gained / seconds) * 100, 6);
  expect(reading?.cpuSeconds).toBeGreaterThan(before);
  expect(reading?.cpuSeconds).toBeLessThanOrEqual(after);
  // One loop never has more than one core.
  expect(after).toBeLessThan((Date.now() - begun) / 1000);
  expect(reading?.memoryLimitBytes).toBe(64 * 1024 * 1024);
  expect(reading?.memoryBytes).toBeGreaterThan(0);
  plane.payload({ ...task, desiredStatus: 'STOPPED' });
  await harness.reported(task.arn, 'STOPPED');
});

// The agent is killed without warning while it launches tasks, over and over: every task ends up with exactly one
// container, and one that ran goes on running untouched.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { AcsTask } from '@longshore/aws';
import { systemClock } from '@longshore/base';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { labels } from './task/names.ts';
import { type Harness, openHarness, shell, taskOf, until } from './testing/harness.ts';

let harness: Harness;
let child: ChildProcess | undefined;

beforeAll(async () => {
  harness = await openHarness();
});

const subnet = `10.223.${Math.floor(Math.random() * 256)}`;

function ownNetwork(host: number): Partial<AcsTask> {
  const address = { primary: true, privateAddress: `${subnet}.${10 + host}` };
  const macAddress = `02:42:0a:df:00:${(10 + host).toString(16).padStart(2, '0')}`;
  const elasticNetworkInterfaces = [
    { ec2Id: 'attachment', macAddress, ipv4Addresses: [address], subnetGatewayIpv4Address: `${subnet}.1/24` },
  ];
  return { networkMode: 'awsvpc', elasticNetworkInterfaces };
}

async function killAgent(): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

afterAll(async () => {
  await killAgent();
  await harness.close();
});

async function startAgent(): Promise<void> {
  const { clock: _clock, log: _log, ...options } = harness.options();
  const program = fileURLToPath(new URL('./testing/agent-process.ts', import.meta.url));
  child = spawn(process.execPath, [program, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const out = child.stdout;
  if (!out) throw new Error('the agent has no output');
  await Promise.race([once(out, 'data'), once(child, 'exit').then(() => Promise.reject(new Error('the agent ended')))]);
}

test('twelve kills at random moments leave one container a task, and running ones untouched', async () => {
  const { plane, engine } = harness;
  const tasks: AcsTask[] = [];
  const startedAt = new Map<string, string>();
  await startAgent();
  for (let round = 0; round < 12; round++) {
    const task = taskOf(
      [shell(plane, 'exec sleep 1000', { stopTimeout: 0 })],
      round % 3 === 2 ? ownNetwork(round) : {},
    );
    tasks.push(task);
    plane.payload(task);
    await systemClock.sleep(Math.random() * 600);
    await killAgent();
    for (const change of plane.changes.filter((one) => one.status === 'RUNNING')) {
      const id = change.containers?.[0]?.runtimeId ?? '';
      const state = (await engine.inspectContainer(id))?.State;
      expect(state?.Status).toBe('running');
      startedAt.set(id, startedAt.get(id) ?? state?.StartedAt ?? '');
    }
    await startAgent();
    // What was not acknowledged is sent again, as the control plane does; what was, is too, which must not matter.
    plane.payload(...tasks);
  }
  for (const task of tasks) await harness.reported(task.arn, 'RUNNING');
  for (const task of tasks) {
    const containers = await harness.containers(task.arn);
    // A network of its own is one container more.
    expect(containers.map((one) => one.State)).toEqual(task.networkMode ? ['running', 'running'] : ['running']);
    const told = plane.changes.filter((one) => one.task === task.arn && one.status === 'RUNNING');
    const main = containers.find((one) => one.Labels?.[labels.containerName] === 'main');
    expect(new Set(told.map((one) => one.containers?.[0]?.runtimeId))).toEqual(new Set([main?.Id]));
  }
  for (const [id, before] of startedAt) {
    const now = await engine.inspectContainer(id);
    expect(now?.State.StartedAt).toBe(before);
  }
  expect(plane.changes.filter((one) => one.status === 'STOPPED')).toEqual([]);
}, 120_000);

test('a report that could not be delivered survives the agent, and a container’s end while it was away is told', async () => {
  const { plane, engine } = harness;
  const task = taskOf([shell(plane, 'exec sleep 1000')]);
  plane.failSubmits = 1_000_000;
  plane.payload(task);
  const [container] = await until('the container', async () => {
    const found = await harness.containers(task.arn);
    return found[0]?.State === 'running' ? found : undefined;
  });
  await killAgent();
  await engine.killContainer(container?.Id ?? '', 'KILL');
  plane.failSubmits = 0;
  await startAgent();
  const change = await harness.reported(task.arn, 'STOPPED');
  expect(change.containers?.[0]).toMatchObject({ status: 'STOPPED', exitCode: 137, runtimeId: container?.Id });
  const statuses = plane.changes.filter((one) => one.task === task.arn).map((one) => one.status);
  expect(statuses).toEqual(['RUNNING', 'STOPPED']);
}, 60_000);

// What the Engine tells is seen, though one of its answers is lost: a story of the simulation.
import { silentLogger } from '@longshore/base';
import { expect, test, vi } from 'vitest';
import { EngineUnreachable } from './docker/errors.ts';
import type { ContainerInspection, EngineEvent } from './docker/types.ts';
import type { Hands } from './execute/types.ts';
import type { TaskFiles } from './state/task-files.ts';
import { labels } from './task/names.ts';
import { newRecord, withContainer } from './task/record.ts';
import { createTasks } from './tasks.ts';
import { sampleTask, sampleTaskArn } from './testing/sample-task.ts';

const ofMain = { [labels.taskArn]: sampleTaskArn, [labels.containerName]: 'main' };

function recordOfRunning() {
  return withContainer(newRecord(sampleTask()), 'main', { dockerId: 'id' });
}

const inspection = (status: 'running' | 'exited'): ContainerInspection => ({
  Id: 'id',
  Name: '/main',
  Image: 'busybox',
  State: {
    Status: status,
    OOMKilled: false,
    Pid: 0,
    ExitCode: 0,
    Error: '',
    StartedAt: '2026-01-01T00:00:00Z',
    FinishedAt: '2026-01-01T00:00:01Z',
  },
  Config: { Labels: ofMain },
  HostConfig: {},
  NetworkSettings: { Ports: {} },
});

test('an end that an event told of is looked at again when the answer was lost and the stream goes on', async () => {
  const news = Promise.withResolvers<EngineEvent>();
  const following = Promise.withResolvers<void>();
  let looks: (() => ContainerInspection)[] = [];
  let status: 'running' | 'exited' = 'running';
  async function* events() {
    following.resolve();
    yield await news.promise;
    await new Promise(() => undefined);
  }
  const hands = {
    engine: {
      listContainers: async () => [{ Id: 'id', Names: ['/main'], State: status, Labels: ofMain }],
      inspectContainer: async () => (looks.shift() ?? (() => inspection(status)))(),
      events: async () => events(),
    },
    reporter: { submit: async () => undefined },
    // Short pauses are over at once; nobody waits for the long ones here.
    clock: { now: () => 0, sleep: (ms: number) => (ms < 5_000 ? Promise.resolve() : new Promise(() => undefined)) },
    log: silentLogger,
  } as unknown as Hands;
  const files = { load: async () => [recordOfRunning()], save: async () => undefined } as unknown as TaskFiles;
  const tasks = createTasks({ hands, files, agentId: 'agent', keepStoppedMs: 600_000 });
  await tasks.recover();
  void tasks.watcher.run();
  await following.promise;
  const [worker] = tasks.workers();
  expect(worker?.observed().get('main')?.status).toBe('running');

  status = 'exited';
  looks = [
    () => {
      throw new EngineUnreachable('the answer was lost');
    },
  ];
  news.resolve({ Action: 'die', Actor: { ID: 'id', Attributes: ofMain }, timeNano: 1e9 });
  await vi.waitFor(() => expect(worker?.observed().get('main')?.status).toBe('exited'));
  expect(looks).toEqual([]);
});

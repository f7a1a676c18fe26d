// One agent's telemetry session: readings go on to whoever keeps them, health into the tasks; everything is acknowledged.
import { errorText } from '@longshore/base';
import { sql } from '@longshore/store';
import type { WebSocket } from 'ws';
import { agentSocket, type AgentSocket } from '../agent-socket.ts';
import type { Core } from '../core.ts';
import { findInstance } from '../instances.ts';
import { applyHealth } from '../task-state.ts';
import { moveTaskSteps } from '../task-steps.ts';
import { findTask, type Health } from '../tasks.ts';
import type { ContainerReading } from '../types.ts';
import { readTcsFrame, type TcsFrame } from './frames.ts';
import { mergeHealth } from './instance-health.ts';
import { knownTasks } from './known-tasks.ts';
import { type Measured, measure } from './readings.ts';

export interface TcsSession {
  end(reason: string): Promise<void>;
}

export interface TcsSessionOptions {
  readonly core: Core;
  readonly socket: WebSocket;
  readonly instanceArn: string;
  readonly onReadings: (readings: readonly ContainerReading[]) => void;
  readonly onEnd: (session: TcsSession) => void;
}

// Amazon's agent takes a connection without a server message for a minute or two for dead.
const heartbeatMs = 30_000;
const silenceMs = 300_000;
const maxFrameBytes = 1024 * 1024 + 16 * 1024;
const mostContainers = 4000;

type Metrics = Extract<TcsFrame, { type: 'PublishMetricsRequest' }>['message'];
type InstanceStatus = Extract<TcsFrame, { type: 'PublishInstanceStatusRequest' }>['message'];
type HealthReport = Extract<TcsFrame, { type: 'PublishHealthRequest' }>['message'];

export function tcsSession(options: TcsSessionOptions): TcsSession {
  const { core, instanceArn } = options;
  const { clock, log, store } = core;
  const tasks = knownTasks(store, instanceArn);
  const last = new Map<string, Measured>();

  const socket: AgentSocket = agentSocket({
    socket: options.socket,
    clock,
    log,
    maxFrameBytes,
    silenceMs: () => silenceMs,
    onFrame: handleFrame,
  });

  async function takeMetrics(message: Metrics): Promise<void> {
    const now = clock.now();
    const given = message.taskMetrics ?? [];
    const known = await tasks.find(given.map((each) => each.taskArn));
    if (last.size > mostContainers) last.clear();
    const readings: ContainerReading[] = [];
    for (const { taskArn, containerMetrics } of given) {
      const task = known.get(taskArn);
      if (task === undefined) continue;
      for (const metric of containerMetrics ?? []) {
        const containerName = metric.containerName ?? '';
        if (!task.containers.includes(containerName)) continue;
        const key = `${taskArn} ${containerName}`;
        const measured = measure(metric, last.get(key), now);
        last.set(key, measured);
        const { account, clusterArn, family, serviceName } = task;
        const origin = { account, clusterArn, containerInstanceArn: instanceArn, taskArn, family, serviceName };
        readings.push({ ...origin, containerName, ...measured });
      }
    }
    if (readings.length > 0) options.onReadings(readings);
  }

  async function takeHealth(message: HealthReport): Promise<void> {
    for (const { taskArn, containers } of message.tasks ?? []) {
      const health = new Map<string, Health>((containers ?? []).map((each) => [each.containerName, each.healthStatus]));
      const wakes = await store.update(async (view) => {
        const before = await findTask(view, taskArn);
        if (before === undefined || before.instanceArn !== instanceArn) return { steps: [], result: false };
        const after = applyHealth(before, health);
        if (after === undefined) return { steps: [], result: false };
        return { steps: moveTaskSteps(before, after, clock.now()), result: after.serviceArn !== '' };
      });
      if (wakes) core.wakeKeeper();
    }
  }

  async function takeInstanceStatus(message: InstanceStatus): Promise<void> {
    await store.update(async (view) => {
      const instance = await findInstance(view, instanceArn);
      const health = mergeHealth(instance?.health ?? [], message.statuses ?? [], clock.now());
      if (instance === undefined || health === undefined) return { steps: [], result: undefined };
      const step = {
        sql: sql`UPDATE ecs_instances SET health = ${JSON.stringify(health)}
          WHERE arn = ${instanceArn} AND health = ${instance.health.length === 0 ? '' : JSON.stringify(instance.health)}`,
        expect: 1,
      };
      return { steps: [step], result: undefined };
    });
  }

  async function handleFrame(text: string): Promise<void> {
    const frame = readTcsFrame(text);
    core.counters.agentFrames.add(1, { socket: 'tcs', type: frame.type });
    switch (frame.type) {
      case 'PublishMetricsRequest':
        await takeMetrics(frame.message);
        socket.send('AckPublishMetric', { message: 'OK' });
        return;
      case 'PublishHealthRequest':
        await takeHealth(frame.message);
        socket.send('AckPublishHealth', { message: 'OK' });
        return;
      case 'PublishInstanceStatusRequest':
        await takeInstanceStatus(frame.message);
        socket.send('AckPublishInstanceStatus', { message: 'OK' });
        return;
      case 'unknown':
        log.debug({ instance: instanceArn, type: frame.name }, 'a telemetry message of an unknown type was ignored');
        return;
      case 'malformed':
        log.warn({ instance: instanceArn, problem: frame.problem }, 'a malformed telemetry message was ignored');
        return;
    }
  }

  async function run(): Promise<void> {
    try {
      while (!socket.closed.aborted) {
        socket.send('HeartbeatMessage', { healthy: true });
        await clock.sleep(heartbeatMs, socket.closed);
      }
    } catch (error) {
      log.error({ err: error, problem: errorText(error) }, 'a telemetry session failed');
    } finally {
      options.onEnd(session);
    }
  }

  const session: TcsSession = {
    end(reason) {
      socket.close(1001, reason);
      return running;
    },
  };
  const running = Promise.resolve().then(run);
  return session;
}

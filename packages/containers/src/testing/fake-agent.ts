// A scripted agent on a real websocket: it registers, opens the sockets, and does only what a test tells it to.
import {
  type ContainerStateChange,
  RegisterContainerInstanceCommand,
  type RegisterContainerInstanceCommandInput,
  SubmitTaskStateChangeCommand,
} from '@aws-sdk/client-ecs';
import { type AcsServerMessages, type AcsTask, type Frame, signHeaders } from '@longshore/aws';
import { newUuid } from '@longshore/base';
import { type RawData, WebSocket } from 'ws';
import { type Harness, key, region, until } from './harness.ts';

/** What a real agent on Linux registers with, as far as placement asks. */
const capabilities = [
  'com.amazonaws.ecs.capability.logging-driver.json-file',
  'com.amazonaws.ecs.capability.docker-remote-api.1.18',
  'com.amazonaws.ecs.capability.docker-remote-api.1.21',
  'com.amazonaws.ecs.capability.docker-remote-api.1.24',
  'com.amazonaws.ecs.capability.docker-remote-api.1.25',
  'com.amazonaws.ecs.capability.ecr-auth',
  'ecs.capability.container-health-check',
  'ecs.capability.container-ordering',
  'ecs.capability.task-cpu-mem-limit',
  'ecs.capability.task-eni',
  'com.amazonaws.ecs.capability.task-iam-role',
  'com.amazonaws.ecs.capability.task-iam-role-network-host',
];

export interface Size {
  readonly cpu?: number;
  readonly memory?: number;
}

export function registration(size: Size = {}): RegisterContainerInstanceCommandInput {
  return {
    totalResources: [
      { name: 'CPU', type: 'INTEGER', integerValue: size.cpu ?? 2048 },
      { name: 'MEMORY', type: 'INTEGER', integerValue: size.memory ?? 4096 },
      { name: 'PORTS', type: 'STRINGSET', stringSetValue: ['22', '2375', '2376', '51678', '51679'] },
      { name: 'PORTS_UDP', type: 'STRINGSET', stringSetValue: [] },
    ],
    versionInfo: { agentVersion: '1.0.0', agentHash: 'test', dockerVersion: 'DockerVersion: 20.10' },
    attributes: [...capabilities.map((name) => ({ name })), { name: 'ecs.os-type', value: 'linux' }],
  };
}

export async function registerInstance(
  harness: Harness,
  size: Size = {},
  cluster?: string,
  attributes: Readonly<Record<string, string>> = {},
): Promise<string> {
  const usual = registration(size);
  const own = Object.entries(attributes).map(([name, value]) => ({ name, value }));
  const command = new RegisterContainerInstanceCommand({
    ...usual,
    cluster,
    attributes: [...(usual.attributes ?? []), ...own],
  });
  const { containerInstance } = await harness.client.send(command);
  return containerInstance?.containerInstanceArn ?? '';
}

/** Opens a socket as an agent; rejects with the refusal's body. */
export async function openAgentSocket(
  harness: Harness,
  kind: 'acs' | 'tcs',
  query: Readonly<Record<string, string>>,
  credentials = key,
  hear: (data: RawData) => void = () => undefined,
): Promise<WebSocket> {
  const url = `${harness.url.replace('http', 'ws')}/${kind}/ws?${new URLSearchParams(query).toString()}`;
  const headers = await signHeaders({ method: 'GET', url, headers: {}, service: 'ecs', region, credentials });
  const socket = new WebSocket(url, { headers });
  // From the beginning: the first frames may come together with the answer to the upgrade.
  socket.on('message', hear);
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
    socket.once('unexpected-response', (_request, response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => reject(new Error(Buffer.concat(chunks).toString('utf8'))));
    });
  });
  return socket;
}

/** A frame's text; `ws` hands text frames over as one Buffer. */
export function textOf(data: RawData): string {
  return (data as Buffer).toString('utf8');
}

type ServerFrame = Frame<AcsServerMessages>;
type FrameOf<T extends ServerFrame['type']> = Extract<ServerFrame, { type: T }>;
type PayloadFrame = FrameOf<'PayloadMessage'>;

export interface FakeAgent {
  readonly instanceArn: string;
  readonly frames: ServerFrame[];
  readonly socket: WebSocket;
  send(type: string, message: object): void;
  /** The first frame of a type that fits, waiting for it. */
  frame<T extends ServerFrame['type']>(type: T, fits?: (frame: FrameOf<T>) => boolean): Promise<FrameOf<T>>;
  /** Waits for the task's payload with this desired status and acknowledges it. */
  take(taskArn: string, desired?: 'RUNNING' | 'STOPPED'): Promise<AcsTask>;
  report(taskArn: string, status: string, containers?: ContainerStateChange[], reason?: string): Promise<void>;
  /** Hears and answers nothing any more, while its socket stays open: a cable that was cut. */
  fallSilent(): void;
  close(): Promise<void>;
}

export async function connectAgent(harness: Harness, instanceArn: string, cluster = 'default'): Promise<FakeAgent> {
  const frames: ServerFrame[] = [];
  const url = { clusterArn: cluster, containerInstanceArn: instanceArn, agentVersion: '1.0.0', protocolVersion: '2' };
  let hears = true;
  const query = { ...url, seqNum: '1', sendCredentials: 'true' };
  const socket = await openAgentSocket(harness, 'acs', query, key, (data) => {
    const frame = JSON.parse(textOf(data)) as ServerFrame;
    if (!hears) return;
    frames.push(frame);
    if (frame.type === 'HeartbeatMessage') agent.send('HeartbeatAckRequest', { messageId: frame.message.messageId });
  });

  const agent: FakeAgent = {
    instanceArn,
    frames,
    socket,
    send: (type, message) => socket.send(JSON.stringify({ type, message })),
    frame: <T extends ServerFrame['type']>(type: T, fits: (frame: FrameOf<T>) => boolean = () => true) =>
      until(() => frames.filter((each): each is FrameOf<T> => each.type === type).find(fits)),
    async take(taskArn, desired = 'RUNNING') {
      const fits = (each: PayloadFrame) =>
        each.message.tasks.some((task) => task.arn === taskArn && task.desiredStatus === desired);
      const { message } = await agent.frame('PayloadMessage', fits);
      agent.send('AckRequest', {
        messageId: message.messageId,
        cluster: message.clusterArn,
        containerInstance: instanceArn,
      });
      const [task] = message.tasks;
      if (task === undefined) throw new Error('a payload without a task');
      return task;
    },
    async report(taskArn, status, containers = [], reason) {
      await harness.client.send(
        new SubmitTaskStateChangeCommand({ cluster, task: taskArn, status, containers, reason }),
      );
    },
    fallSilent() {
      hears = false;
    },
    async close() {
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
      socket.close();
      await closed;
    },
  };
  await agent.frame('TaskManifestMessage');
  return agent;
}

/** A connected agent that takes every task and reports it RUNNING — one of the image `never-runs` as failed to start — and STOPPED when told to stop. */
export async function obedientAgent(
  harness: Harness,
  size: Size = {},
  attributes: Readonly<Record<string, string>> = {},
): Promise<FakeAgent> {
  const agent = await connectAgent(harness, await registerInstance(harness, size, undefined, attributes));
  agent.socket.on('message', (data) => {
    const frame = JSON.parse(textOf(data)) as ServerFrame;
    if (frame.type === 'PayloadMessage') void obey(agent, frame);
  });
  for (const frame of agent.frames) if (frame.type === 'PayloadMessage') void obey(agent, frame);
  return agent;
}

async function obey(agent: FakeAgent, frame: PayloadFrame): Promise<void> {
  const { messageId, clusterArn, tasks } = frame.message;
  agent.send('AckRequest', { messageId, cluster: clusterArn, containerInstance: agent.instanceArn });
  for (const task of tasks) {
    if (task.containers.some((each) => each.image === 'never-runs')) {
      const [container] = task.containers;
      const reason = 'CannotPullContainerError: no such image';
      const broken = { containerName: container?.name ?? '', status: 'STOPPED', reason };
      await agent.report(task.arn, 'STOPPED', [broken]).catch(() => undefined);
      continue;
    }
    const status = task.desiredStatus;
    const containers = task.containers.map((each) => ({
      containerName: each.name,
      status,
      runtimeId: newUuid(),
      ...(status === 'STOPPED' ? { exitCode: 143 } : {}),
    }));
    await insist(() => agent.report(task.arn, status, containers));
  }
}

/** As a real agent, it reports until it is heard: a connection that idled may be closed as it is used. Or the server closes. */
async function insist(report: () => Promise<void>): Promise<void> {
  for (let tries = 0; tries < 3; tries++) {
    try {
      return await report();
    } catch {
      // Again.
    }
  }
}

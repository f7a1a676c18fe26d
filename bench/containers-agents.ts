// Simulated agents in a process of their own: each registers an instance over the wire, holds its control socket, answers
// heartbeats, acknowledges tasks and, if asked to, reports them RUNNING. Started by containers-scale.ts.
import { setTimeout as sleep } from 'node:timers/promises';
import { signHeaders } from '@longshore/aws';
import { type RawData, WebSocket } from 'ws';
import { callEcs, type Target } from './containers-client.ts';

interface Orders extends Target {
  readonly agents: number;
  readonly report: boolean;
}

/** What the parent is told, now and then. */
export interface AgentNews {
  readonly connected: number;
  readonly delivered: number;
  readonly reported: number;
}

interface ServerFrame {
  readonly type: string;
  readonly message: {
    readonly messageId: string;
    readonly clusterArn: string;
    readonly tasks?: readonly { readonly arn: string; readonly containers: readonly { readonly name: string }[] }[];
  };
}

const orders = JSON.parse(process.argv[2] ?? '{}') as Orders;
const news = { connected: 0, delivered: 0, reported: 0 };

function registration(i: number) {
  return {
    totalResources: [
      { name: 'CPU', type: 'INTEGER', integerValue: 1_000_000 },
      { name: 'MEMORY', type: 'INTEGER', integerValue: 10_000_000 },
    ],
    versionInfo: { agentVersion: '1.105.0' },
    attributes: [
      { name: 'ecs.os-type', value: 'linux' },
      { name: 'ecs.availability-zone', value: `zone-${i % 3}` },
    ],
  };
}

async function connect(instanceArn: string): Promise<void> {
  const query = new URLSearchParams({ clusterArn: 'default', containerInstanceArn: instanceArn, protocolVersion: '2' });
  const url = `${orders.url.replace('http', 'ws')}/acs/ws?${query.toString()}`;
  const { region, credentials } = orders;
  const headers = await signHeaders({ method: 'GET', url, headers: {}, service: 'ecs', region, credentials });
  const socket = new WebSocket(url, { headers, perMessageDeflate: false });
  const send = (type: string, message: object) => socket.send(JSON.stringify({ type, message }));
  socket.on('message', (data: RawData) => void answer(send, instanceArn, (data as Buffer).toString('utf8')));
  socket.on('close', () => (news.connected -= 1));
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  news.connected += 1;
}

async function answer(send: (type: string, message: object) => void, instance: string, text: string): Promise<void> {
  const { type, message } = JSON.parse(text) as ServerFrame;
  const { messageId, clusterArn: cluster, tasks } = message;
  if (type === 'HeartbeatMessage') return send('HeartbeatAckRequest', { messageId });
  if (type !== 'PayloadMessage') return;
  send('AckRequest', { messageId, cluster, containerInstance: instance });
  for (const task of tasks ?? []) {
    news.delivered += 1;
    if (!orders.report) continue;
    const containers = task.containers.map((each) => ({ containerName: each.name, status: 'RUNNING' }));
    await callEcs(orders, 'SubmitTaskStateChange', { cluster, task: task.arn, status: 'RUNNING', containers });
    news.reported += 1;
  }
}

/** Every `step`-th agent from `first` on, one after the other. */
async function connectSome(first: number, step: number): Promise<void> {
  for (let i = first; i < orders.agents; i += step) {
    const answered = await callEcs(orders, 'RegisterContainerInstance', registration(i));
    const { containerInstance } = answered as { containerInstance: { containerInstanceArn: string } };
    await connect(containerInstance.containerInstanceArn);
  }
}

process.on('disconnect', () => process.exit());
const connecting = Promise.all(Array.from({ length: 16 }, (_, i) => connectSome(i, 16)));
connecting.catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
for (;;) {
  process.send?.({ ...news } satisfies AgentNews);
  await sleep(200);
}

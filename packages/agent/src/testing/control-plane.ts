// A scripted control plane for the agent's tests: a real HTTP and websocket server that speaks the agent protocol and
// remembers what it was told. Signatures are taken as given; whole-system tests have the real verifier.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AcsServerMessages, AcsTask, TcsAgentMessages } from '@longshore/aws';
import { newHexId, newUuid } from '@longshore/base';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { createTestRegistry, registryPassword, type TestRegistry } from './registry.ts';

export interface SubmittedChange {
  readonly task: string;
  readonly status: string;
  readonly reason?: string;
  readonly containers?: readonly {
    readonly containerName: string;
    readonly status: string;
    readonly exitCode?: number;
    readonly reason?: string;
    readonly runtimeId?: string;
    readonly imageDigest?: string;
    readonly networkBindings?: readonly {
      readonly containerPort: number;
      readonly hostPort: number;
      readonly bindIP: string;
    }[];
  }[];
  readonly pullStartedAt?: number;
  readonly receivedAt: number;
}

export interface ControlPlane {
  readonly url: string;
  /** The image of the registry beside it. */
  readonly image: string;
  readonly registry: TestRegistry;
  readonly changes: SubmittedChange[];
  readonly acks: string[];
  readonly frames: { readonly type: string; readonly message: Record<string, unknown> }[];
  readonly metrics: TcsAgentMessages['PublishMetricsRequest'][];
  readonly registrations: Record<string, unknown>[];
  readonly upgrades: string[];
  /** What GetSecretValue answers with, by secret ARN; others are not found. */
  readonly secrets: Map<string, string>;
  /** Fails this many of the next SubmitTaskStateChange calls. */
  failSubmits: number;
  /** Refuses upgrades and registrations of every instance registered so far. */
  retireInstances(): void;
  /** Sends to every open control socket. */
  send<Type extends keyof AcsServerMessages>(type: Type, message: AcsServerMessages[Type]): void;
  /** Sends a payload of `tasks`; its message id. */
  payload(...tasks: AcsTask[]): string;
  connected(): boolean;
  dropSockets(): void;
  close(): Promise<void>;
}

const account = '123456789012';
export const clusterArn = `arn:aws:ecs:us-east-1:${account}:cluster/test`;

function textOf(data: RawData): string {
  return Buffer.isBuffer(data) ? data.toString('utf8') : '';
}

export async function startControlPlane(tag = newHexId().slice(0, 8)): Promise<ControlPlane> {
  const registry = createTestRegistry(tag);
  const server = createServer();
  const acs = new WebSocketServer({ noServer: true });
  const tcs = new WebSocketServer({ noServer: true });
  const instances = new Set<string>();
  let url = '';
  let sequence = 0;

  function answer(response: ServerResponse, status: number, body: object): void {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(body));
  }

  function operate(name: string, input: Record<string, unknown>, response: ServerResponse): void {
    switch (name) {
      case 'RegisterContainerInstance': {
        plane.registrations.push(input);
        const saved = input['containerInstanceArn'] as string | undefined;
        if (saved !== undefined && !instances.has(saved))
          return answer(response, 400, { __type: 'ClientException', message: 'The container instance is inactive.' });
        const arn = saved ?? `arn:aws:ecs:us-east-1:${account}:container-instance/test/${newHexId()}`;
        instances.add(arn);
        return answer(response, 200, {
          containerInstance: { containerInstanceArn: arn, attributes: input['attributes'] },
        });
      }
      case 'DiscoverPollEndpoint':
        return answer(response, 200, { endpoint: `${url}/acs/`, telemetryEndpoint: `${url}/tcs/` });
      case 'SubmitTaskStateChange':
        if (plane.failSubmits > 0) {
          plane.failSubmits -= 1;
          return answer(response, 500, { __type: 'ServerException', message: 'not now' });
        }
        plane.changes.push({ ...(input as unknown as SubmittedChange), receivedAt: performance.now() });
        return answer(response, 200, { acknowledgment: 'ok' });
      case 'GetSecretValue': {
        const SecretString = plane.secrets.get(String(input['SecretId']));
        if (SecretString !== undefined) return answer(response, 200, { SecretString });
        const message = "Secrets Manager can't find the specified secret.";
        return answer(response, 400, { __type: 'ResourceNotFoundException', message });
      }
      case 'GetAuthorizationToken': {
        const authorizationToken = Buffer.from(`AWS:${registryPassword}`).toString('base64');
        const expiresAt = Date.now() / 1000 + 43_200;
        return answer(response, 200, { authorizationData: [{ authorizationToken, expiresAt, proxyEndpoint: url }] });
      }
      default:
        return answer(response, 400, { __type: 'UnknownOperationException', message: name });
    }
  }

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (request.url?.startsWith('/v2/')) return registry.handle(request, response);
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      const target = String(request.headers['x-amz-target'] ?? '');
      operate(target.slice(target.indexOf('.') + 1), text ? JSON.parse(text) : {}, response);
    });
  });

  server.on('upgrade', (request, socket, head) => {
    const query = new URL(request.url ?? '', url).searchParams;
    plane.upgrades.push(request.url ?? '');
    const instance = query.get('containerInstanceArn') ?? query.get('containerInstance') ?? '';
    if (!instances.has(instance)) {
      const body = JSON.stringify({ __type: 'InactiveInstanceException', message: 'gone' });
      socket.end(`HTTP/1.1 400 Bad Request\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
      return;
    }
    const end = request.url?.startsWith('/acs/') ? acs : tcs;
    end.handleUpgrade(request, socket, head, (opened) => end.emit('connection', opened, request));
  });

  acs.on('connection', (socket: WebSocket) => {
    socket.on('message', (data) => {
      const frame = JSON.parse(textOf(data)) as { type: string; message: Record<string, unknown> };
      plane.frames.push(frame);
      if (frame.type === 'AckRequest') plane.acks.push(String(frame.message['messageId']));
    });
  });
  tcs.on('connection', (socket: WebSocket) => {
    socket.on('message', (data) => {
      const frame = JSON.parse(textOf(data)) as { type: string; message: TcsAgentMessages['PublishMetricsRequest'] };
      if (frame.type !== 'PublishMetricsRequest') return;
      plane.metrics.push(frame.message);
      socket.send(JSON.stringify({ type: 'AckPublishMetric', message: { message: 'ok' } }));
    });
  });

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  url = `http://127.0.0.1:${port}`;

  const plane: ControlPlane = {
    url,
    image: `127.0.0.1:${port}/longshore-agent-test:${tag}`,
    registry,
    changes: [],
    acks: [],
    frames: [],
    metrics: [],
    registrations: [],
    upgrades: [],
    secrets: new Map(),
    failSubmits: 0,
    retireInstances: () => instances.clear(),
    send(type, message) {
      for (const socket of acs.clients)
        if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type, message }));
    },
    payload(...tasks) {
      const messageId = newUuid();
      const [instance = ''] = [...instances].slice(-1);
      sequence += 1;
      plane.send('PayloadMessage', {
        messageId,
        clusterArn,
        containerInstanceArn: instance,
        tasks,
        seqNum: sequence,
        generatedAt: Date.now(),
      });
      return messageId;
    },
    connected: () => [...acs.clients].some((socket) => socket.readyState === WebSocket.OPEN),
    dropSockets() {
      for (const socket of [...acs.clients, ...tcs.clients]) socket.terminate();
    },
    async close() {
      plane.dropSockets();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return plane;
}

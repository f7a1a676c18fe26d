// What this package's tests share: the container service behind a real AWS endpoint on a real HTTP server, with the real
// ECS client, over a store of its own.
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { ECSClient } from '@aws-sdk/client-ecs';
import { AwsError, createAwsEndpoint, createVerifier, type Principal } from '@longshore/aws';
import { memoryAuthorizer, memoryCredentials, memoryReplayGuard, wireRequestOf } from '@longshore/aws/testing';
import {
  type AccountId,
  type Clock,
  memoryMeter,
  type MemoryMeter,
  parseAccountId,
  silentLogger,
  systemClock,
} from '@longshore/base';
import type { Store } from '@longshore/store';
import type { TestBackEnd } from '@longshore/store/testing';
import { WebSocketServer } from 'ws';
import { createContainers } from '../create.ts';
import type { LivenessTimes } from '../liveness/times.ts';
import { containersMigrations } from '../schema.ts';
import type { Containers, ContainerReading, MachineGroup, TaskRoles } from '../types.ts';

export const region = 'us-east-1';
export const key = { accessKeyId: 'AKIDCONTAINERSTEST', secretAccessKey: 'a secret of these tests' };
export const otherKey = { accessKeyId: 'AKIDANOTHERACCOUNT', secretAccessKey: 'another secret of these tests' };

function accountId(text: string): AccountId {
  const id = parseAccountId(text);
  if (id === undefined) throw new Error('not an account id');
  return id;
}
export const account = accountId('123456789012');
export const otherAccount = accountId('210987654321');

function rootOf(id: AccountId): Principal {
  return { account: id, arn: `arn:aws:iam::${id}:root`, userId: id, kind: 'root' };
}

export interface Harness {
  readonly url: string;
  readonly store: Store;
  readonly containers: Containers;
  readonly client: ECSClient;
  /** A client of another account. */
  readonly stranger: ECSClient;
  readonly meter: MemoryMeter;
  readonly readings: ContainerReading[];
  close(): Promise<void>;
}

export interface HarnessOptions {
  readonly backEnd: TestBackEnd;
  readonly denied?: readonly string[];
  readonly clock?: Clock;
  readonly settleMs?: number;
  readonly liveness?: LivenessTimes;
  readonly machineGroup?: (account: string, name: string) => MachineGroup | undefined;
  readonly scaleInAfterMs?: number;
  readonly taskRoles?: TaskRoles;
  /** Whether the background loops run; true if left out. */
  readonly loops?: boolean;
}

function clientAt(url: string, credentials: typeof key): ECSClient {
  return new ECSClient({ endpoint: url, region, credentials, maxAttempts: 1 });
}

export async function openHarness(options: HarnessOptions): Promise<Harness> {
  const opened = await options.backEnd.open(containersMigrations);
  const clock = options.clock ?? systemClock;
  const meter = memoryMeter();
  const readings: ContainerReading[] = [];
  const authorizer = memoryAuthorizer(options.denied);
  const containers = createContainers({
    store: opened.store,
    authorizer,
    clock,
    log: silentLogger,
    meter,
    region,
    replica: 'replica-1',
    onReadings: (news) => void readings.push(...news),
    ...(options.settleMs === undefined ? {} : { settleMs: options.settleMs }),
    ...(options.liveness === undefined ? {} : { liveness: options.liveness }),
    ...(options.machineGroup === undefined ? {} : { machineGroup: options.machineGroup }),
    ...(options.taskRoles === undefined ? {} : { taskRoles: options.taskRoles }),
    ...(options.scaleInAfterMs === undefined ? {} : { scaleInAfterMs: options.scaleInAfterMs }),
  });
  await containers.recover(account);
  const credentials = memoryCredentials({
    [key.accessKeyId]: { ...key, active: true, principal: rootOf(account) },
    [otherKey.accessKeyId]: { ...otherKey, active: true, principal: rootOf(otherAccount) },
  });
  const endpoint = createAwsEndpoint({
    services: [containers.ecs],
    verifier: createVerifier({ credentials, clock: systemClock, region }),
    authorizer,
    replayGuard: memoryReplayGuard(),
    region,
    clock,
    log: silentLogger,
    meter,
  });

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      void endpoint.handle(wireRequestOf(request, Buffer.concat(chunks))).then((answer) => {
        response.writeHead(answer.status, { ...answer.headers });
        response.end(answer.body);
      });
    });
  });
  // A client that was idle for a while must not find its connection closed under its next request.
  server.keepAliveTimeout = 120_000;
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 4 * 1024 * 1024 });

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const refuse = (status: number, code: string, message: string) =>
      socket.end(`HTTP/1.1 ${status} Refused\r\nconnection: close\r\n\r\n${JSON.stringify({ __type: code, message })}`);
    const asked = new URL(request.url ?? '/', 'http://localhost');
    const kind = asked.pathname === '/acs/ws' ? 'acs' : 'tcs';
    try {
      const who = await endpoint.authenticateUpgrade(wireRequestOf(request, new Uint8Array()));
      const connection = { ...who, query: asked.searchParams };
      const refusal = await containers.refuseAgent(kind, connection);
      if (refusal !== undefined) return void refuse(refusal.status, refusal.code, refusal.message);
      sockets.handleUpgrade(request, socket, head, (opened) => {
        if (kind === 'acs') containers.acceptAcs(opened, connection);
        else containers.acceptTcs(opened, connection);
      });
    } catch (error) {
      if (error instanceof AwsError) refuse(error.status, error.code, error.message);
      else refuse(500, 'ServerException', String(error));
    }
  }
  server.on('upgrade', (request, socket, head) => void upgrade(request, socket, head));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = clientAt(url, key);
  const stranger = clientAt(url, otherKey);
  const running = options.loops === false ? [] : containers.services.map((service) => service.run());

  return {
    url,
    store: opened.store,
    containers,
    client,
    stranger,
    meter,
    readings,
    async close() {
      client.destroy();
      stranger.destroy();
      await containers.closeAgents();
      await Promise.all(containers.services.map((service) => service.stop()));
      await Promise.all(running);
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await opened.close();
    },
  };
}

/** Resolves to the first answer that `probe` gives; rejects after `ms`. */
export async function until<T>(probe: () => Promise<T | undefined> | T | undefined, ms = 10_000): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error('it did not come to pass in time');
    await systemClock.sleep(10);
  }
}

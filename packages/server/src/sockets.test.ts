// Agents' websockets at the one port: let in while the server is ready, sent away while it stops.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { signHeaders } from '@longshore/aws';
import { memoryEndpoint } from '@longshore/aws/testing';
import { silentLogger } from '@longshore/base';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { serveAgentSockets } from './sockets.ts';

const account = '123456789012';
const region = 'us-east-1';

test('an agent that comes back while the server stops is sent away, so that the port can close', async () => {
  const { endpoint: aws, keyOf } = memoryEndpoint({ services: [], region, accounts: [account] });
  const server = createServer();
  let ready = true;
  const admitted: WebSocket[] = [];
  const admit = (socket: WebSocket) => void admitted.push(socket);
  const containers = {
    refuseAgent: async () => undefined,
    acceptAcs: admit,
    acceptTcs: admit,
    acceptExecAgent: admit,
    claimExec: async () => undefined,
  };
  serveAgentSockets(server, { aws, containers, publicUrl: undefined, isReady: () => ready, log: silentLogger });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());

  async function connect(): Promise<number> {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/acs/ws`;
    const signed = { method: 'GET', url, headers: {}, service: 'ecs', region, credentials: keyOf(account) };
    const socket = new WebSocket(url.replace('http', 'ws'), { headers: await signHeaders(signed) });
    return new Promise((resolve, reject) => {
      socket.on('open', () => resolve(101));
      socket.on('unexpected-response', (request, response) => {
        resolve(response.statusCode ?? 0);
        request.destroy();
      });
      socket.on('error', reject);
    });
  }
  expect(await connect()).toBe(101);
  ready = false;
  expect(await connect()).toBe(503);
  expect(admitted).toHaveLength(1);
  for (const socket of admitted) socket.close();
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

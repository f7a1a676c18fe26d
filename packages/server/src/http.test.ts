// The one port's way with unusual requests, byte for byte as clients send them.
import type { AddressInfo } from 'node:net';
import { createConnection } from 'node:net';
import { text } from 'node:stream/consumers';
import { memoryEndpoint } from '@longshore/aws/testing';
import { silentLogger } from '@longshore/base';
import { expect, onTestFinished, test } from 'vitest';
import { httpServer } from './http.ts';

async function openServer(): Promise<number> {
  const { endpoint: aws } = memoryEndpoint({ services: [], region: 'us-east-1', accounts: [] });
  const app = httpServer({
    aws,
    handleOci: async (request, response) => void response.end(`registry ${request.url}`),
    metrics: async () => undefined,
    isReady: () => true,
    publicUrl: undefined,
    log: silentLogger,
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => app.close());
  return (app.server.address() as AddressInfo).port;
}

function send(port: number, head: readonly string[]): Promise<string> {
  const socket = createConnection(port, '127.0.0.1');
  socket.write(`${[...head, 'Connection: close', '', ''].join('\r\n')}`);
  return text(socket);
}

test("an offer to speak another protocol is ignored, as are a proxy's words in the target", async () => {
  const port = await openServer();
  const offers = ['Host: x', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__', 'Connection: Upgrade, HTTP2-Settings'];
  expect(await send(port, ['GET /v2/a/b HTTP/1.1', ...offers])).toMatch(/^HTTP\/1.1 200 OK.*registry \/v2\/a\/b$/s);
  const absolute = await send(port, ['GET HTTP://x:80/v2/a?b=http://c HTTP/1.1', 'Host: x']);
  expect(absolute).toMatch(/^HTTP\/1.1 200 OK.*registry \/v2\/a\?b=http:\/\/c$/s);
  expect(await send(port, ['GET http://x/healthz HTTP/1.1', 'Host: x'])).toMatch(/^HTTP\/1.1 200 OK.*ok\n$/s);
});

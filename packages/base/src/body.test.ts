import { createServer, type IncomingMessage, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type BodyOutcome, type BodyReaderOptions, bodyReader } from './body.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function serve(
  options: BodyReaderOptions,
  limit: number,
): Promise<{ port: number; outcomes: Promise<BodyOutcome>[] }> {
  const reader = bodyReader(options);
  const outcomes: Promise<BodyOutcome>[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    const outcome = reader.read(request, limit);
    outcomes.push(outcome);
    outcome.then(
      () => response.end(),
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, outcomes };
}

const post = (port: number, body: string | Uint8Array<ArrayBuffer> | ReadableStream) =>
  fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body, duplex: 'half' } as RequestInit).catch(() => undefined);

test('a body within its limit is read whole', async () => {
  const { port, outcomes } = await serve({ totalBytes: 100, timeoutMs: 5_000 }, 10);
  await post(port, 'hello');
  const outcome = await outcomes[0];
  expect(outcome?.kind === 'read' && Buffer.from(outcome.body).toString()).toBe('hello');
});

test('a longer body is refused, with and without a stated length', async () => {
  const { port, outcomes } = await serve({ totalBytes: 100, timeoutMs: 5_000 }, 10);
  await post(port, 'eleven bytes');
  await post(port, new Blob(['eleven', ' bytes', ' more']).stream());
  expect((await Promise.all(outcomes)).map((each) => each.kind)).toEqual(['too-large', 'too-large']);
});

test('a small body is taken also when others hold all that may be held', async () => {
  const { port, outcomes } = await serve({ totalBytes: 15, timeoutMs: 5_000, smallBytes: 6 }, 12);
  for (const body of ['0123456789', '0123456789', 'small', 'larger.']) await post(port, body);
  const kinds = (await Promise.all(outcomes)).map((each) => each.kind);
  expect(kinds).toEqual(['read', 'busy', 'read', 'busy']);
});

test('bodies held at once are bounded together, and released ones count no more', async () => {
  const { port, outcomes } = await serve({ totalBytes: 15, timeoutMs: 5_000 }, 10);
  await post(port, '0123456789');
  await post(port, '0123456789');
  const [first, second] = await Promise.all(outcomes);
  expect(second?.kind).toBe('busy');
  if (first?.kind === 'read') first.release();
  await post(port, '0123456789');
  expect((await outcomes[2])?.kind).toBe('read');
});

test('a body that does not come in time is given up', async () => {
  const { port, outcomes } = await serve({ totalBytes: 15, timeoutMs: 50 }, 10);
  const call = httpRequest({ port, host: '127.0.0.1', method: 'POST', headers: { 'content-length': '5' } });
  call.on('error', () => undefined);
  call.write('he');
  await expect.poll(() => outcomes.length).toBe(1);
  expect((await outcomes[0])?.kind).toBe('too-slow');
});

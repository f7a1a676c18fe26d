import { systemClock } from '@longshore/base';
import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { drain } from './drain.ts';

test('a stop waits for requests under way, but not for one that never ends', async () => {
  const app = Fastify({ forceCloseConnections: 'idle' });
  app.get('/forever', (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200);
    reply.raw.write('x');
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const answer = await fetch(`${url}/forever`);
  const started = performance.now();
  await drain(app, systemClock, 200);
  expect(performance.now() - started).toBeLessThan(5_000);
  await expect(answer.text()).rejects.toThrow(/terminated/);
});

test('a stop with nothing under way is quick', async () => {
  const app = Fastify({ forceCloseConnections: 'idle' });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const started = performance.now();
  await drain(app, systemClock, 20_000);
  expect(performance.now() - started).toBeLessThan(5_000);
});

// Closing the port in order: requests that are under way may end, but not for ever.
import type { Clock } from '@longshore/base';
import type { FastifyInstance } from 'fastify';

/** How long a stop waits for requests under way; a client that is cut off then goes on or tries again later. */
const drainMs = 10_000;

/** Takes no new connections, waits up to `limitMs` for what is under way, then cuts it. */
export async function drain(app: FastifyInstance, clock: Clock, limitMs = drainMs): Promise<void> {
  const drained = new AbortController();
  const closed = app.close().finally(() => drained.abort());
  await Promise.all([
    closed,
    clock.sleep(limitMs, drained.signal).then(() => {
      if (!drained.signal.aborted) app.server.closeAllConnections();
    }),
  ]);
}

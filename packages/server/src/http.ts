// The one port: health checks, metrics, the registry under /v2/, and the AWS operations everywhere else. Fastify routes
// and logs; bodies are left untouched for the part that is asked (the registry streams them, AWS bodies are bounded).
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AwsEndpoint, WireResponse } from '@longshore/aws';
import { bodyReader, type Logger } from '@longshore/base';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { wireRequest } from './wire-request.ts';

export interface HttpParts {
  readonly aws: AwsEndpoint;
  readonly handleOci: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  /** The exposition, or undefined if the caller may not see it. */
  readonly metrics: (
    authorization: string | undefined,
    request: IncomingMessage,
  ) => Promise<{ readonly contentType: string; readonly text: string } | undefined>;
  readonly isReady: () => boolean;
  readonly publicUrl: string | undefined;
  readonly log: Logger;
}

const keepAliveTimeout = 65_000;
const connections = {
  // Clients that vanish (power, network) while they send are found out within a minute, and their uploads are free again.
  keepAlive: true,
  keepAliveInitialDelay: 30_000,
  // Other protocols are offered by clients of HTTP/2 without TLS (Java's is one); an offer may be ignored (RFC 9110 §7.8).
  shouldUpgradeCallback: (request: IncomingMessage) => /^websocket$/i.test(request.headers.upgrade ?? ''),
};
const ociPath = /^\/v2(?:[/?]|$)/;

/** Builds the app; it does not listen yet. */
export function httpServer(parts: HttpParts): FastifyInstance {
  let closing = false;
  // The registry's paths need nothing of Fastify's and are asked most: they go straight to their handler.
  const oci = (request: IncomingMessage, response: ServerResponse) => {
    if (closing) response.shouldKeepAlive = false;
    parts.handleOci(request, response).catch((error: unknown) => {
      parts.log.error({ err: error }, 'a registry request failed');
      response.destroy();
    });
  };
  const app = Fastify({
    logger: false,
    serverFactory(handler) {
      const route = (request: IncomingMessage, response: ServerResponse) => {
        // The absolute form, as to a proxy, must be taken too (RFC 9112 §3.2.2).
        if (!request.url?.startsWith('/')) request.url = request.url?.replace(/^https?:\/\/[^/?]*(?=\/)/i, '');
        return ociPath.test(request.url ?? '') ? oci(request, response) : handler(request, response);
      };
      return Object.assign(createServer(connections, route), { keepAliveTimeout, requestTimeout: 0, timeout: 0 });
    },
    // A slow client may take this long over a request's head; bodies are bounded by the parts that read them.
    connectionTimeout: 0,
    requestTimeout: 0,
    keepAliveTimeout,
    routerOptions: { maxParamLength: 16_384, ignoreTrailingSlash: false },
    return503OnClosing: true,
    forceCloseConnections: 'idle',
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));

  app.get('/healthz', (_request, reply) => reply.type('text/plain').send('ok\n'));
  app.get('/readyz', (_request, reply) =>
    reply
      .code(parts.isReady() ? 200 : 503)
      .type('text/plain')
      .send(parts.isReady() ? 'ready\n' : 'starting\n'),
  );
  app.get('/metrics', async (request, reply) => {
    const exposition = await parts.metrics(request.headers.authorization, request.raw);
    if (!exposition) {
      return reply
        .code(401)
        .header('www-authenticate', 'Basic realm="longshore"')
        .type('text/plain')
        .send('Metrics need an access key: user name = access key id, password = secret access key.\n');
    }
    return reply.type(exposition.contentType).send(exposition.text);
  });

  app.addHook('preClose', () => {
    closing = true;
    return Promise.resolve();
  });

  const bodies = bodyReader({ totalBytes: 256 * 1024 * 1024, timeoutMs: 120_000 });
  const send = (reply: FastifyReply, answer: WireResponse) =>
    reply
      .code(answer.status)
      .headers({ ...answer.headers })
      .send(answer.body);
  const aws = async (request: FastifyRequest, reply: FastifyReply) => {
    const url = request.raw.url ?? '/';
    const outcome = await bodies.read(request.raw, parts.aws.maxBodyBytes(request.headers, url));
    if (outcome.kind !== 'read') {
      reply.header('connection', 'close');
      if (outcome.kind === 'too-large') return send(reply, parts.aws.tooLarge(request.headers, url));
      if (outcome.kind === 'too-slow') return reply.code(408).send();
      return reply
        .code(503)
        .header('retry-after', '1')
        .type('text/plain')
        .send('Too many large requests at once; try again.\n');
    }
    try {
      return await send(reply, await parts.aws.handle(wireRequest(request.raw, outcome.body, parts.publicUrl)));
    } finally {
      outcome.release();
    }
  };
  app.all('/', aws);
  app.setNotFoundHandler(aws);

  app.setErrorHandler((error, request, reply) => {
    parts.log.error({ err: error, method: request.method }, 'a request failed');
    return reply.code(500).type('text/plain').send('Internal error\n');
  });
  return app;
}

// The one port: the registry, the AWS operations, the agents' sockets, metrics and health behind one listener.
import { errorText, UserError } from '@longshore/base';
import { measurementMetrics, metricsText } from '@longshore/telemetry';
import type { DomainInputs, Domains } from './domains.ts';
import { drain } from './drain.ts';
import { httpServer } from './http.ts';
import { listenUrl } from './listen.ts';
import { mayScrape } from './metrics-access.ts';
import { serveAgentSockets } from './sockets.ts';
import { scrapeContext } from './wire-request.ts';

/** Opens the one port; ready once everything behind it is. Throws `UserError` if it cannot be had. */
export async function openPort(
  { aws, registry, containers }: Domains,
  { settings, metrics, board, identity, operator, clock, log, undo }: Omit<DomainInputs, 'data' | 'store' | 'keys'>,
): Promise<string> {
  let ready = false;
  const { publicUrl } = settings;
  const app = httpServer({
    aws,
    handleOci: registry.handleOci,
    async metrics(authorization, request) {
      const context = scrapeContext(request, clock.now());
      const access = {
        credentials: identity.credentials,
        authorizer: identity.authorizer,
        operator,
        region: settings.region,
      };
      if (!(await mayScrape(authorization, access, context))) return undefined;
      return {
        contentType: metrics.contentType,
        text: (await metrics.expose()) + metricsText(measurementMetrics(board)),
      };
    },
    isReady: () => ready,
    publicUrl,
    log,
  });
  serveAgentSockets(app.server, { aws, containers, publicUrl, isReady: () => ready, log });
  try {
    await app.listen(settings.listen);
  } catch (error) {
    await app.close();
    throw new UserError(
      `Cannot listen on ${settings.listen.host}:${settings.listen.port}: ${errorText(error)}`,
      'Is Longshore running already? Choose another address with --listen HOST:PORT.',
    );
  }
  undo.push(async () => {
    ready = false;
    await containers.closeAgents();
    await drain(app, clock);
  });
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : settings.listen.port;
  ready = true;
  return listenUrl({ host: settings.listen.host === '0.0.0.0' ? '127.0.0.1' : settings.listen.host, port });
}

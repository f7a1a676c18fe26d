// The task endpoint: a small HTTP server that tells containers of this machine about themselves and gives them the keys of
// their task's role. Bounded in connections, header size and time; it only ever answers GET.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { networkInterfaces } from 'node:os';
import { errorText, type Logger } from '@longshore/base';
import { progressOf } from '../task/record.ts';
import type { TaskRecord } from '../task/types.ts';
import type { Answer } from './answers.ts';
import { isLocalPeer } from './peer.ts';
import { findPlace, type Place, type PlaceOptions } from './place.ts';

export interface TaskEndpoint {
  /** Begins to listen. Where it does; undefined if there is no place for it. Throws when the Engine cannot be asked. */
  open(): Promise<Place | undefined>;
  /** The variables by which a container finds the endpoint. */
  environment(record: TaskRecord, container: string): Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export interface EndpointParts extends Pick<PlaceOptions, 'engine' | 'formerPort' | 'log'> {
  readonly answer: (path: string) => Promise<Answer>;
}

function send(response: ServerResponse, { status, body }: Answer): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

async function serve(request: IncomingMessage, parts: EndpointParts, log: Logger): Promise<Answer> {
  if (request.method !== 'GET') return { status: 405, body: 'only GET is answered' };
  try {
    return await parts.answer((request.url ?? '').split('?')[0] ?? '');
  } catch (error) {
    log.warn({ problem: errorText(error) }, 'a request to the task endpoint could not be answered');
    return { status: 500, body: 'the Docker Engine cannot be asked' };
  }
}

export function createTaskEndpoint(parts: EndpointParts): TaskEndpoint {
  const { log } = parts;
  const server = createServer(
    { maxHeaderSize: 8192, requestTimeout: 10_000, headersTimeout: 5_000, keepAliveTimeout: 5_000 },
    (request, response) => {
      void serve(request, parts, log).then((answer) => send(response, answer));
    },
  );
  server.maxConnections = 512;
  server.on('connection', (socket) => {
    if (!isLocalPeer(socket.remoteAddress ?? '', networkInterfaces())) socket.destroy();
  });
  let place: Place | undefined;

  return {
    async open() {
      place = await findPlace({ server, ...parts });
      return place;
    },
    environment(record, container) {
      if (!place || record.task.networkMode === 'none') return {};
      const { endpointId } = progressOf(record, container);
      return {
        ...(endpointId && {
          ECS_CONTAINER_METADATA_URI: `${place.url}/v3/${endpointId}`,
          ECS_CONTAINER_METADATA_URI_V4: `${place.url}/v4/${endpointId}`,
        }),
        ...(record.credentialsId &&
          place.servesKeys && { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: `/v2/credentials/${record.credentialsId}` }),
      };
    },
    async close() {
      if (!server.listening) return;
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await place?.leave();
    },
  };
}

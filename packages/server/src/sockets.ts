// The agents' websockets: verified like any other AWS request, asked whether they may connect, then handed over. And those
// of ECS Exec's clients, who bring a token in their first message.
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type AwsEndpoint, AwsError } from '@longshore/aws';
import { errorText, type Logger } from '@longshore/base';
import type { AgentConnection, Containers } from '@longshore/containers';
import { WebSocketServer } from 'ws';
import { wireRequest } from './wire-request.ts';

/** The largest frame of an agent. TCS messages are at most 1 MiB; ACS answers are small. */
const maxFrameBytes = 2 * 1024 * 1024;

type Kind = 'acs' | 'tcs' | 'exec';

const kinds: Readonly<Record<string, Kind>> = { '/acs/ws': 'acs', '/tcs/ws': 'tcs', '/exec/ws': 'exec' };

export interface SocketParts {
  readonly aws: AwsEndpoint;
  readonly containers: Pick<Containers, 'refuseAgent' | 'acceptAcs' | 'acceptTcs' | 'acceptExecAgent' | 'claimExec'>;
  readonly publicUrl: string | undefined;
  /** False while the server stops: an agent that comes back meanwhile would keep the port open. */
  readonly isReady: () => boolean;
  readonly log: Logger;
}

/** Serves upgrades of `server`. */
export function serveAgentSockets(server: Server, parts: SocketParts): void {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxFrameBytes, perMessageDeflate: false });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', (error) => parts.log.debug({ err: error }, 'a socket failed during its upgrade'));
    accept(request, socket, head).catch((error: unknown) => {
      parts.log.error({ err: error }, 'an upgrade failed');
      refuse(socket, 500, 'ServerException', 'Internal error');
    });
  });

  /** A client of ECS Exec: the session's id is a secret of its own, and the first message must bring its token. */
  async function acceptSession(session: string, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const serve = await parts.containers.claimExec(session);
    if (serve === undefined) return refuse(socket, 404, 'ResourceNotFoundException', 'There is no such session');
    sockets.handleUpgrade(request, socket, head, serve);
  }

  async function accept(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const session = /^\/exec\/v1\/data-channel\/([\w-]{1,128})$/.exec(url.pathname)?.[1];
    if (session !== undefined) return acceptSession(session, request, socket, head);
    const kind = kinds[url.pathname];
    if (!kind) return refuse(socket, 404, 'ResourceNotFoundException', 'There is no websocket here');
    let connection: AgentConnection;
    try {
      const { principal, context } = await parts.aws.authenticateUpgrade(
        wireRequest(request, new Uint8Array(), parts.publicUrl),
      );
      connection = { principal, context, query: url.searchParams };
    } catch (error) {
      if (error instanceof AwsError) return refuse(socket, error.status, error.code, error.message);
      throw error;
    }
    const refusal = await parts.containers.refuseAgent(kind === 'tcs' ? 'tcs' : 'acs', connection);
    if (refusal) return refuse(socket, refusal.status, refusal.code, refusal.message);
    if (!parts.isReady()) return refuse(socket, 503, 'ServerException', 'The server is stopping');
    sockets.handleUpgrade(request, socket, head, (opened) => {
      opened.on('error', (error) => parts.log.debug({ reason: errorText(error), kind }, "an agent's socket failed"));
      if (kind === 'acs') parts.containers.acceptAcs(opened, connection);
      else if (kind === 'tcs') parts.containers.acceptTcs(opened, connection);
      else parts.containers.acceptExecAgent(opened, connection);
    });
  }
}

function refuse(socket: Duplex, status: number, code: string, message: string): void {
  // `__type` is what AWS clients read, `type` what amazon-ecs-agent reads.
  const body = JSON.stringify({ __type: code, type: code, message });
  socket.end(
    `HTTP/1.1 ${status} Refused\r\ncontent-type: application/x-amz-json-1.1\r\nx-amzn-errortype: ${code}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

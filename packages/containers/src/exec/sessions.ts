// ECS Exec: sessions between a client and a container. The client opens a data channel with the token that ExecuteCommand gave
// it; the agent is told over its control socket and dials in; this process carries bytes between the two. Sessions live in
// the memory of one process: they are over when it ends, and the agent must be connected to it.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { newHexId } from '@longshore/base';
import type { WebSocket } from 'ws';
import type { Core } from '../core.ts';
import { relay } from './relay.ts';

/** What is to run, and where. */
export interface ExecOrder {
  readonly instanceArn: string;
  readonly taskArn: string;
  readonly containerName: string;
  readonly runtimeId: string;
  readonly command: string;
  readonly interactive: boolean;
  /** Who asked. */
  readonly principalArn: string;
}

export interface ExecSessions {
  /** Undefined if the instance's agent is not connected to this process, or there are too many sessions. */
  open(order: ExecOrder): { readonly sessionId: string; readonly token: string } | undefined;
  /** Whether a client may come for this session. */
  expects(sessionId: string): boolean;
  acceptClient(sessionId: string, socket: WebSocket): void;
  acceptAgent(sessionId: string, instanceArn: string, socket: WebSocket): void;
  closeAll(): void;
}

/** Tells an agent; false if it is not connected here. */
export type TellAgent = (instanceArn: string, order: ExecOrder & { readonly sessionId: string }) => boolean;

interface Session {
  readonly order: ExecOrder;
  readonly tokenHash: Buffer;
  client?: WebSocket | undefined;
  readonly agent: PromiseWithResolvers<WebSocket>;
  readonly ended: AbortController;
}

const mostSessions = 500;
/** For the client to come, and then for the agent. */
const clientMs = 2 * 60_000;
const agentMs = 20_000;

const hashOf = (text: string) => createHash('sha256').update(text).digest();

export function execSessions(
  core: Pick<Core, 'clock' | 'log'>,
  isConnected: (arn: string) => boolean,
  tell: TellAgent,
): ExecSessions {
  const sessions = new Map<string, Session>();
  const { clock, log } = core;

  function end(sessionId: string, session: Session): void {
    session.ended.abort();
    sessions.delete(sessionId);
    session.agent.promise.then(
      (socket) => socket.close(1000),
      () => undefined,
    );
    session.agent.reject(new Error('the session is over'));
  }

  async function awaitAgent(session: Session): Promise<WebSocket> {
    const late = clock.sleep(agentMs, session.ended.signal).then(() => {
      throw new Error("the container's machine did not answer");
    });
    return Promise.race([session.agent.promise, late]);
  }

  async function serve(sessionId: string, session: Session, socket: WebSocket): Promise<void> {
    const { order } = session;
    const about = { session: sessionId, task: order.taskArn, container: order.containerName, by: order.principalArn };
    log.info(about, 'a session in a container begins');
    try {
      await relay({
        client: socket,
        sessionId,
        command: order.command,
        authorize: (token) => timingSafeEqual(hashOf(token), session.tokenHash),
        agent() {
          if (!tell(order.instanceArn, { ...order, sessionId }))
            throw new Error("the container's machine is not connected");
          return awaitAgent(session);
        },
        clock,
      });
    } finally {
      end(sessionId, session);
      log.info(about, 'a session in a container is over');
    }
  }

  return {
    open(order) {
      if (!isConnected(order.instanceArn) || sessions.size >= mostSessions) return undefined;
      const sessionId = `ecs-execute-command-${newHexId()}`;
      const token = randomBytes(32).toString('base64url');
      const session: Session = {
        order,
        tokenHash: hashOf(token),
        agent: Promise.withResolvers<WebSocket>(),
        ended: new AbortController(),
      };
      session.agent.promise.catch(() => undefined);
      sessions.set(sessionId, session);
      void clock.sleep(clientMs, session.ended.signal).then(() => {
        if (session.client === undefined) end(sessionId, session);
      });
      return { sessionId, token };
    },
    expects(sessionId) {
      const session = sessions.get(sessionId);
      return session !== undefined && session.client === undefined;
    },
    acceptClient(sessionId, socket) {
      const session = sessions.get(sessionId);
      if (session === undefined || session.client !== undefined) return socket.close(1008, 'there is no such session');
      session.client = socket;
      serve(sessionId, session, socket).catch((error: unknown) => log.error({ err: error }, 'a session failed'));
    },
    acceptAgent(sessionId, instanceArn, socket) {
      const session = sessions.get(sessionId);
      // Only the machine that was asked may answer.
      if (session?.order.instanceArn !== instanceArn) return socket.close(1008, 'there is no such session');
      socket.pause();
      session.agent.resolve(socket);
    },
    closeAll() {
      for (const [id, session] of sessions) {
        session.client?.close(1001);
        end(id, session);
      }
    },
  };
}

// ECS Exec: sessions between a client and a container. The client opens a data channel with the token that ExecuteCommand gave
// it; the agent is told over its control socket and dials in; the process that the client came to carries bytes between the
// two. Any replica may be asked for a session, any may be the one that the client comes to, and any may have the agent's
// control socket: what waits is in the store, and the agent is told which replica to dial.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type LoopService, loopService, newHexId } from '@longshore/base';
import type { WebSocket } from 'ws';
import type { Core } from '../core.ts';
import { findInstance } from '../instances.ts';
import { relay } from './relay.ts';
import { callsAndRemains, type ExecRow, insertRow, takeRow, takeWaiting, waitingCount } from './rows.ts';

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
  /** Undefined if the instance's agent cannot be reached, or there are too many sessions. */
  open(order: ExecOrder): Promise<{ readonly sessionId: string; readonly token: string } | undefined>;
  /** For the one client that comes for this session: what is to be done with its socket. Undefined if nobody is expected. */
  claim(sessionId: string): Promise<((socket: WebSocket) => void) | undefined>;
  acceptAgent(sessionId: string, instanceArn: string, socket: WebSocket): void;
  closeAll(): void;
  /** Tells the agents of this replica what other replicas call them for. */
  readonly calls: LoopService;
}

/** The agents that are connected to this process. */
export interface ConnectedAgents {
  has(instanceArn: string): boolean;
  /** False if it is not connected here. */
  tell(order: ExecOrder & { readonly sessionId: string; readonly endpoint?: string | undefined }): boolean;
}

interface Session {
  readonly order: ExecOrder;
  readonly client: WebSocket;
  readonly agent: PromiseWithResolvers<WebSocket>;
  readonly ended: AbortController;
}

const mostSessions = 500;
/** For the client to come, and then for the agent. */
const clientMs = 2 * 60_000;
const agentMs = 20_000;
/** How often a replica looks for calls; one that is alone only clears away what nobody came for. */
const callsEveryMs = { among: 500, alone: 60_000 };

const hashOf = (text: string) => createHash('sha256').update(text).digest();

export interface ExecParts extends Pick<Core, 'clock' | 'log' | 'store'> {
  readonly agents: ConnectedAgents;
  /** By which agents reach this very process; undefined if they reach it as they reach the service. */
  readonly replicaUrl: string | undefined;
}

export function execSessions({ clock, log, store, agents, replicaUrl }: ExecParts): ExecSessions {
  const sessions = new Map<string, Session>();

  function end(sessionId: string, session: Session): void {
    session.ended.abort();
    sessions.delete(sessionId);
    session.agent.promise.then(
      (socket) => socket.close(1000),
      () => undefined,
    );
    session.agent.reject(new Error('the session is over'));
  }

  async function isReachable(instanceArn: string): Promise<boolean> {
    if (agents.has(instanceArn)) return true;
    return replicaUrl !== undefined && (await findInstance(store, instanceArn))?.connected === true;
  }

  /** Tells the agent, by the replica that it is connected to, and waits for its socket. */
  async function callAgent(sessionId: string, session: Session): Promise<WebSocket> {
    const { order, ended } = session;
    if (!agents.tell({ ...order, sessionId, endpoint: replicaUrl })) {
      if (replicaUrl === undefined) throw new Error("the container's machine is not connected");
      const dueAt = clock.now() + agentMs;
      await store.write([
        insertRow({ id: sessionId, status: 'CALL', tokenHash: '', endpoint: replicaUrl, dueAt, order }),
      ]);
    }
    const late = clock.sleep(agentMs, ended.signal).then(() => {
      throw new Error("the container's machine did not answer");
    });
    return Promise.race([session.agent.promise, late]);
  }

  async function serve(row: ExecRow, session: Session): Promise<void> {
    const { order } = session;
    const about = { session: row.id, task: order.taskArn, container: order.containerName, by: order.principalArn };
    log.info(about, 'a session in a container begins');
    try {
      await relay({
        client: session.client,
        sessionId: row.id,
        command: order.command,
        authorize: (token) => timingSafeEqual(hashOf(token), Buffer.from(row.tokenHash, 'hex')),
        agent: () => callAgent(row.id, session),
        clock,
      });
    } finally {
      end(row.id, session);
      log.info(about, 'a session in a container is over');
    }
  }

  const calls = loopService({
    id: 'container exec calls',
    everyMs: replicaUrl === undefined ? callsEveryMs.alone : callsEveryMs.among,
    log,
    clock,
    async step() {
      const now = clock.now();
      for (const row of await callsAndRemains(store, now)) {
        const mine = row.status === 'CALL' && agents.has(row.order.instanceArn);
        if ((mine || row.dueAt <= now) && (await takeRow(store, row)) && mine)
          agents.tell({ ...row.order, sessionId: row.id, endpoint: row.endpoint });
      }
    },
  });

  return {
    async open(order) {
      if (!(await isReachable(order.instanceArn)) || (await waitingCount(store)) >= mostSessions) return undefined;
      const sessionId = `ecs-execute-command-${newHexId()}`;
      const token = randomBytes(32).toString('base64url');
      const tokenHash = hashOf(token).toString('hex');
      const dueAt = clock.now() + clientMs;
      await store.write([insertRow({ id: sessionId, status: 'WAITING', tokenHash, endpoint: '', dueAt, order })]);
      return { sessionId, token };
    },
    async claim(sessionId) {
      if (sessions.size >= mostSessions) return undefined;
      const row = await takeWaiting(store, sessionId, clock.now());
      if (row === undefined) return undefined;
      return (client) => {
        const session: Session = {
          order: row.order,
          client,
          agent: Promise.withResolvers<WebSocket>(),
          ended: new AbortController(),
        };
        session.agent.promise.catch(() => undefined);
        sessions.set(sessionId, session);
        serve(row, session).catch((error: unknown) => log.error({ err: error }, 'a session failed'));
      };
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
        session.client.close(1001);
        end(id, session);
      }
    },
    calls,
  };
}

// Takes requests for sessions from the control socket: finds the container, dials in, runs. Bounded in number.
import { errorText } from '@longshore/base';
import type { OpenSocket } from '../control/socket.ts';
import type { SigningIdentity } from '../control/socket.ts';
import type { Worker } from '../worker.ts';
import { type ExecParts, runSession } from './session.ts';

export interface ExecOrder {
  readonly sessionId: string;
  readonly taskArn: string;
  readonly containerName: string;
  readonly command: string;
  readonly interactive: boolean;
  /** The server that has the client, if it is not the agent's own. */
  readonly endpoint?: string;
}

export interface ExecSessions {
  /** Never waits and never throws: what fails is told to the client, or logged. */
  begin(order: ExecOrder): void;
  stop(): void;
}

export interface ExecSessionsParts extends ExecParts {
  readonly workers: () => readonly Worker[];
  readonly openSocket: OpenSocket;
  readonly identity: SigningIdentity;
  /** The control plane, and who this instance is there. */
  readonly endpoint: string;
  readonly instance: () => { readonly cluster: string; readonly arn: string };
}

const mostSessions = 100;

export function createExecSessions(parts: ExecSessionsParts): ExecSessions {
  const { log } = parts;
  const stopping = new AbortController();
  let running = 0;

  async function serve(order: ExecOrder): Promise<void> {
    const worker = parts.workers().find((each) => each.arn === order.taskArn);
    const container = worker?.observed().get(order.containerName);
    if (container?.status !== 'running') throw new Error('the container does not run here');
    const { cluster, arn } = parts.instance();
    const url = new URL('/exec/ws', order.endpoint ?? parts.endpoint);
    url.searchParams.set('clusterArn', cluster);
    url.searchParams.set('containerInstanceArn', arn);
    url.searchParams.set('session', order.sessionId);
    const socket = await parts.openSocket(url, parts.identity, stopping.signal);
    log.info({ task: order.taskArn, container: order.containerName, session: order.sessionId }, 'a session begins');
    await runSession(socket, { ...order, containerId: container.id }, parts);
  }

  return {
    begin(order) {
      if (running >= mostSessions) return log.warn({ session: order.sessionId }, 'too many sessions: one is refused');
      running += 1;
      serve(order)
        .catch((error: unknown) =>
          log.warn({ session: order.sessionId, problem: errorText(error) }, 'a session in a container failed'),
        )
        .finally(() => {
          running -= 1;
        });
    },
    stop: () => stopping.abort(),
  };
}

// The control socket as a service: connects, talks, connects again.
import { type Clock, type Logger, type LoopService, loopService } from '@longshore/base';
import { createAcsHandler, type AcsParts } from './acs-messages.ts';
import { isFinal } from './api.ts';
import { agentHash, agentVersion } from './capabilities.ts';
import type { Membership } from './registration.ts';
import { converse, type OpenSocket, type SigningIdentity, socketUrl, SocketClosed, UpgradeRefused } from './socket.ts';

export interface AcsSessionParts extends AcsParts {
  readonly membership: Membership;
  readonly identity: SigningIdentity;
  readonly openSocket: OpenSocket;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called each time the socket is open and this agent listens. */
  readonly onConnected: () => void;
}

/** Given up after half a minute to a minute of silence (ECS's agent waits twice as long), renewed after 30 to 35 minutes. */
const pingMs = 10_000;
const silenceMs = 30_000;
const lifetimeMs = 30 * 60_000;

/** The instance is not (any more) one that may connect. */
function isGone(error: unknown): boolean {
  const refused = error instanceof UpgradeRefused || error instanceof SocketClosed;
  return isFinal(error) || (refused && /\b(?:Inactive|Invalid)InstanceException\b/.test(error.message));
}

export function createAcsSession(parts: AcsSessionParts): LoopService {
  const { membership, clock, log } = parts;
  let joined = false;

  return loopService({
    id: 'agent control session',
    everyMs: 100,
    log,
    clock,
    backoff: { initialMs: 250, maxMs: 15_000 },
    async step({ signal }) {
      const instanceArn = joined ? membership.arn() : await membership.join();
      joined = true;
      try {
        const { acs } = await membership.endpoints();
        const url = socketUrl(acs, {
          clusterArn: parts.instance.current().cluster,
          containerInstanceArn: instanceArn,
          agentHash,
          agentVersion,
          seqNum: '1',
          protocolVersion: '2',
          dockerVersion: membership.dockerVersion(),
          sendCredentials: 'true',
        });
        const socket = await parts.openSocket(url, parts.identity, signal);
        log.info({ instance: instanceArn }, 'the control socket is open');
        const talk = converse(socket, {
          onFrame: createAcsHandler(parts),
          pingMs,
          silenceMs,
          lifetimeMs,
          clock,
          signal,
        });
        parts.onConnected();
        await talk;
        if (!signal.aborted) log.info({}, 'the control socket was closed and is opened again');
      } catch (error) {
        membership.forgetEndpoints();
        if (isGone(error)) {
          joined = false;
          await membership.leave();
        }
        throw error;
      }
    },
  });
}

// The telemetry socket (TCS) as a service: measures every few seconds and sends, ten tasks a message.
import type { TcsAgentMessages } from '@longshore/aws';
import { type Clock, type Logger, type LoopService, loopService, newUuid } from '@longshore/base';
import { agentHash, agentVersion } from '../control/capabilities.ts';
import type { Membership } from '../control/registration.ts';
import { converse, type OpenSocket, type SigningIdentity, type Send, socketUrl } from '../control/socket.ts';
import type { Worker } from '../worker.ts';
import { healthOf, type Measurer } from './measure.ts';

export interface TelemetryParts {
  readonly membership: Membership;
  readonly measurer: Measurer;
  readonly workers: () => readonly Worker[];
  /** Whether the Docker Engine answers. */
  readonly runtimeAnswers: () => Promise<boolean>;
  readonly cluster: string;
  readonly identity: SigningIdentity;
  readonly openSocket: OpenSocket;
  readonly everyMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

const pingMs = 20_000;
const silenceMs = 60_000;
const lifetimeMs = 30 * 60_000;
const tasksPerMessage = 10;
/** A message that is not answered for so long means that nobody listens. */
const ackMs = 120_000;
/** With nothing to measure, a sign of life at this pace. */
const idleMs = 60_000;

const statusMs = 60_000;

interface Whom {
  readonly cluster: string;
  readonly containerInstance: string;
}
type SendNow = <Type extends keyof TcsAgentMessages>(type: Type, message: TcsAgentMessages[Type]) => void;

/** `list` in parts of at most `size`; one empty part for an empty list. */
export function inParts<T>(list: readonly T[], size: number): readonly (readonly T[])[] {
  if (list.length === 0) return [[]];
  return Array.from({ length: Math.ceil(list.length / size) }, (_, at) => list.slice(at * size, (at + 1) * size));
}

export function createTelemetrySession(parts: TelemetryParts): LoopService {
  const { membership, clock } = parts;

  let runtime: { readonly ok: boolean; readonly since: number; readonly told: number } | undefined;

  /** Tells how the container runtime is: once a minute. */
  async function publishStatus(sendNow: SendNow, identity: { readonly messageId: string } & Whom): Promise<void> {
    const now = clock.now();
    if (runtime !== undefined && now - runtime.told < statusMs) return;
    const ok = await parts.runtimeAnswers();
    runtime = { ok, since: runtime?.ok === ok ? runtime.since : now, told: now };
    const { cluster, containerInstance, messageId } = identity;
    sendNow('PublishInstanceStatusRequest', {
      metadata: { cluster, containerInstance, requestId: messageId },
      statuses: [
        {
          type: 'CONTAINER_RUNTIME',
          status: ok ? 'OK' : 'IMPAIRED',
          lastUpdated: now / 1000,
          lastStatusChange: runtime.since / 1000,
        },
      ],
      timestamp: now / 1000,
    });
  }

  /** Measures and sends until the conversation ends. */
  async function publish(send: Send, unanswered: { since?: number | undefined }, signal: AbortSignal): Promise<void> {
    let lastSent = 0;
    const sendNow: SendNow = (type, message) => {
      send(type, message);
      lastSent = clock.now();
      unanswered.since ??= lastSent;
    };
    const identity = () => ({
      cluster: parts.cluster,
      containerInstance: membership.arn(),
      messageId: newUuid(),
    });
    const arn = membership.arn();
    // Under another registration this socket is not this agent's any more.
    while (!signal.aborted && membership.arn() === arn) {
      const metrics = await parts.measurer.round(parts.workers());
      const timestamp = clock.now() / 1000;
      const idle = metrics.length === 0;
      if (!idle || clock.now() - lastSent >= idleMs) {
        const messages = inParts(metrics, tasksPerMessage);
        for (const [at, taskMetrics] of messages.entries()) {
          const metadata = { ...identity(), idle, fin: at === messages.length - 1 };
          sendNow('PublishMetricsRequest', { metadata, taskMetrics, timestamp });
        }
      }
      const health = healthOf(parts.workers());
      if (health.length > 0) {
        const messages = inParts(health, tasksPerMessage);
        for (const [at, tasks] of messages.entries()) {
          const metadata = { ...identity(), fin: at === messages.length - 1 };
          sendNow('PublishHealthRequest', { metadata, tasks, timestamp });
        }
      }
      await publishStatus(sendNow, identity());
      if (unanswered.since !== undefined && clock.now() - unanswered.since > ackMs)
        throw new Error('the control plane does not acknowledge measurements');
      await clock.sleep(parts.everyMs, signal);
    }
  }

  return loopService({
    id: 'agent telemetry session',
    everyMs: 100,
    log: parts.log,
    clock,
    backoff: { initialMs: 1_000, maxMs: 15_000 },
    async step({ signal }) {
      // Registering is the control session's business; until then there is nothing to connect as.
      if (membership.arn() === '') return clock.sleep(1_000, signal);
      const over = new AbortController();
      const either = AbortSignal.any([signal, over.signal]);
      const unanswered: { since?: number | undefined } = {};
      try {
        const { tcs } = await membership.endpoints();
        const url = socketUrl(tcs, {
          cluster: parts.cluster,
          containerInstance: membership.arn(),
          agentVersion,
          agentHash,
          dockerVersion: membership.dockerVersion(),
        });
        const socket = await parts.openSocket(url, parts.identity, signal);
        const send: Send = (type, message) => socket.send(JSON.stringify({ type, message }));
        const talk = converse(socket, {
          onFrame: async (type) => {
            if (type.startsWith('AckPublish')) unanswered.since = undefined;
            if (type === 'StopTelemetrySessionMessage') throw new Error('the control plane ends the telemetry session');
          },
          pingMs,
          silenceMs,
          lifetimeMs,
          clock,
          signal: either,
        }).finally(() => over.abort());
        const publishing = publish(send, unanswered, either).finally(() => over.abort());
        await Promise.all([talk, publishing]);
      } catch (error) {
        membership.forgetEndpoints();
        throw error;
      } finally {
        over.abort();
      }
    },
  });
}

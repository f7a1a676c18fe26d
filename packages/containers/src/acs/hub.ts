// The control sessions that this replica holds, one an instance.
import type { VersionInfo } from '@aws-sdk/client-ecs';
import type { AcsServerMessages } from '@longshore/aws';
import type { WebSocket } from 'ws';
import type { Core } from '../core.ts';
import type { Fresh } from './deliveries.ts';
import { type AcsSession, acsSession } from './session.ts';

export interface AcsHub {
  accept(socket: WebSocket, instanceArn: string, registryHost: string, versions: VersionInfo): void;
  wake(instanceArn: string, fresh?: readonly Fresh[]): void;
  has(instanceArn: string): boolean;
  /** Asks the agent to run a command in a container; false if it is not connected here. */
  execute(instanceArn: string, order: Omit<AcsServerMessages['ExecuteCommandMessage'], 'messageId'>): boolean;
  /** Connection ids by instance ARN. */
  connections(): ReadonlyMap<string, string>;
  /** The ids of all connections that are not ended, those that are opening included. */
  openConnections(): ReadonlySet<string>;
  /** Ends this very connection: another one has taken its place, or the instance is gone. */
  drop(instanceArn: string, connectionId: string): void;
  closeAll(): Promise<void>;
}

export function acsHub(core: Core): AcsHub {
  const current = new Map<string, AcsSession>();
  const all = new Set<AcsSession>();

  return {
    accept(socket, instanceArn, registryHost, versions) {
      const session = acsSession({
        core,
        socket,
        instanceArn,
        registryHost,
        versions,
        agents: () => all.size,
        onOpen(opened) {
          const older = current.get(instanceArn);
          current.set(instanceArn, opened);
          if (older !== undefined) void older.end('a newer connection of this instance was opened');
        },
        onEnd(ended) {
          all.delete(ended);
          if (current.get(instanceArn) === ended) current.delete(instanceArn);
        },
      });
      all.add(session);
    },
    wake(instanceArn, fresh) {
      current.get(instanceArn)?.wake(fresh);
    },
    has: (instanceArn) => current.has(instanceArn),
    execute: (instanceArn, order) => current.get(instanceArn)?.execute(order) ?? false,
    connections: () => new Map([...current].map(([arn, session]) => [arn, session.connectionId])),
    openConnections: () => new Set([...all].map((session) => session.connectionId)),
    drop(instanceArn, connectionId) {
      const session = current.get(instanceArn);
      if (session?.connectionId === connectionId) void session.end('this connection is not the current one any more');
    },
    async closeAll() {
      await Promise.all([...all].map((session) => session.end('the server is going away')));
    },
  };
}

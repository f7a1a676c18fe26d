// The nouns of the container service that other packages see.
import type { Authorizer, AwsService, Principal, RequestContext } from '@longshore/aws';
import type { AccountId, Clock, Logger, Meter, Service } from '@longshore/base';
import type { Store } from '@longshore/store';
import type { WebSocket } from 'ws';

/** One container's reading, as the telemetry socket brought it. The server hands it to `telemetry`. */
export interface ContainerReading {
  readonly account: AccountId;
  readonly clusterArn: string;
  readonly containerInstanceArn: string;
  readonly taskArn: string;
  readonly family: string;
  readonly serviceName?: string | undefined;
  readonly containerName: string;
  readonly time: number;
  readonly cpuPercent: number;
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  readonly memoryLimitBytes?: number | undefined;
  readonly networkRxBytes: number;
  readonly networkTxBytes: number;
  readonly blockReadBytes: number;
  readonly blockWriteBytes: number;
}

export interface ContainersOptions {
  readonly store: Store;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  readonly log: Logger;
  readonly meter: Meter;
  readonly region: string;
  /** Names this replica; instance connections are recorded under it and reset when it starts. */
  readonly replica: string;
  readonly onReadings: (readings: readonly ContainerReading[]) => void;
  /** How long a task without a health check must run to count as healthy in a rolling update; 40 s as in ECS. */
  readonly settleMs?: number;
}

/** A websocket upgrade whose signature was verified. */
export interface AgentConnection {
  readonly principal: Principal;
  readonly context: RequestContext;
  /** The query of the upgrade request. */
  readonly query: URLSearchParams;
}

export interface Containers {
  readonly ecs: AwsService;
  /** Undefined if this agent may connect, else why not (before the upgrade, answered as an AWS error). */
  refuseAgent(
    kind: 'acs' | 'tcs',
    connection: AgentConnection,
  ): Promise<{ readonly code: string; readonly message: string; readonly status: number } | undefined>;
  /** Serves an agent's control socket (`/acs/ws`) until it closes. */
  acceptAcs(socket: WebSocket, connection: AgentConnection): void;
  /** Serves an agent's telemetry socket (`/tcs/ws`) until it closes. */
  acceptTcs(socket: WebSocket, connection: AgentConnection): void;
  /** Background work: keeping services at their desired count, delivering to agents, forgetting old stopped tasks. */
  readonly services: readonly Service[];
  /** At start, after migration: makes the `default` cluster of `account`, resets connections of this replica. */
  recover(account: AccountId): Promise<void>;
  /** Closes agents' sockets in order (going away); their tasks run on. */
  closeAgents(): Promise<void>;
  /** Counts for `longshore status`. */
  summary(account: AccountId): Promise<{
    readonly clusters: number;
    readonly instances: number;
    readonly connectedInstances: number;
    readonly runningTasks: number;
    readonly pendingTasks: number;
    readonly services: number;
  }>;
}

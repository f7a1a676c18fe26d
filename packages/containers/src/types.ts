// The nouns of the container service that other packages see.
import type { Authorizer, AwsService, Principal, RequestContext } from '@longshore/aws';
import type { AccountId, Clock, Logger, Meter, Service } from '@longshore/base';
import type { Store } from '@longshore/store';
import type { WebSocket } from 'ws';
import type { ExternalScheduler } from './placement/scheduler.ts';
import type { WhyAnswer, WhyQuery } from './placement/explain.ts';
import type { LivenessTimes } from './liveness/times.ts';

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
  /** By which agents reach this very replica, where that is not how they reach the service. */
  readonly replicaUrl?: string | undefined;
  readonly onReadings: (readings: readonly ContainerReading[]) => void;
  readonly taskRoles?: TaskRoles;
  readonly loadBalancing?: LoadBalancing;
  readonly alarms?: AlarmWatch | undefined;
  readonly serviceDiscovery?: ServiceDiscovery;
  /** How long a task without a health check must run to count as healthy in a rolling update; 40 s as in ECS. */
  readonly settleMs?: number;
  /** The range that tasks in awsvpc mode have their addresses from, e.g. `10.208.0.0/12`. */
  readonly taskNetwork?: string;
  /** When agents count as silent and instances as lost; `usualTimes` if left out. */
  readonly liveness?: LivenessTimes;
  /** Asked where tasks are to run; Longshore decides itself if left out. */
  readonly scheduler?: ExternalScheduler | undefined;
  /** Groups of machines for capacity providers; none if left out. */
  readonly machineGroup?: (account: string, name: string) => MachineGroup | undefined;
  /** How long an instance must be empty before managed scaling lets it go; 15 minutes as in ECS. */
  readonly scaleInAfterMs?: number;
}

export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

export interface Alarm {
  readonly state: AlarmState;
  /** How long after its cause it rings at the latest: a deployment that it watches is not complete before. */
  readonly evaluationMs: number;
}

/** Alarms that deployments watch. Filled by `server`; without it deployment alarms are refused. */
export interface AlarmWatch {
  /** Those of these alarms that the account has. Undefined while they cannot be known. */
  find(account: string, names: readonly string[]): Promise<ReadonlyMap<string, Alarm> | undefined>;
}

/** Where a task is reached by one of its target groups. */
export interface TaskTarget {
  readonly targetGroupArn: string;
  /** The task's ARN. */
  readonly owner: string;
  /** The machine's id, for target groups of the type `instance`. */
  readonly instanceId: string;
  readonly address: string;
  readonly port: number;
}

export type TargetCondition = 'initial' | 'healthy' | 'unhealthy' | 'draining' | 'unused';

export interface TargetState {
  readonly targetGroupArn: string;
  readonly owner: string;
  readonly state: TargetCondition;
}

/** Load balancers, as far as services need them. Filled by `server`; without it services with load balancers are refused. */
export interface LoadBalancing {
  /** Undefined if the account has no such target group. */
  targetGroup(
    account: string,
    arn: string,
  ): Promise<{ readonly targetType: 'instance' | 'ip'; readonly attached: boolean } | undefined>;
  /**
   * Makes these the targets of all tasks, durably. Those that are no longer named are drained. Resolves to the state of every
   * target that a task has, those that drain included: one that is missing has no connection left.
   */
  setTargets(targets: readonly TaskTarget[]): Promise<readonly TargetState[]>;
  /** Sets how a listener's or a rule's traffic is shared by target groups, durably. */
  shift(
    account: string,
    listenerOrRuleArn: string,
    groups: readonly { readonly targetGroupArn: string; readonly weight: number }[],
  ): Promise<void>;
}

/** A task as an instance of a Cloud Map service. */
export interface TaskInstance {
  readonly registryArn: string;
  /** The task's ARN. */
  readonly owner: string;
  readonly address: string;
  readonly port: number | undefined;
  readonly attributes: Readonly<Record<string, string>>;
  readonly healthy: boolean;
}

/** Service discovery, as far as services need it. Filled by `server`; without it service registries are refused. */
export interface ServiceDiscovery {
  /** Undefined if the account has no such Cloud Map service. */
  registry(account: string, arn: string): Promise<{ readonly recordTypes: readonly string[] } | undefined>;
  /** Makes these the instances of all tasks. */
  setInstances(instances: readonly TaskInstance[]): Promise<void>;
}

/** A group of machines that can be made and unmade: what a capacity provider names. The server fills it. */
export interface MachineGroup {
  readonly minSize: number;
  readonly maxSize: number;
  /** What a machine offers for tasks: CPU units and MiB. Counts as long as none has registered. */
  readonly size: { readonly cpu: number; readonly memory: number };
  /** The ids of the machines there are, those that still start included. */
  list(): Promise<readonly string[]>;
  /** Makes a machine whose agent joins `cluster` with these attributes and its id; the same machine for the same token. */
  launch(order: {
    readonly token: string;
    readonly cluster: string;
    readonly attributes: Readonly<Record<string, string>>;
  }): Promise<string>;
  /** Unmakes it; nothing happens if it is gone. */
  terminate(id: string): Promise<void>;
}

/** Roles of tasks. Filled by `server`; without it tasks get no keys. */
export interface TaskRoles {
  /** Whether the account has the role and it trusts tasks. */
  trusts(account: string, role: string): Promise<boolean>;
  /** Temporary keys of the account's role; undefined if there is no such role or it does not trust tasks. */
  keys(
    account: string,
    role: string,
    session: string,
  ): Promise<
    | {
        readonly roleArn: string;
        readonly accessKeyId: string;
        readonly secretAccessKey: string;
        readonly sessionToken: string;
        /** Milliseconds since the epoch. */
        readonly expiresAt: number;
      }
    | undefined
  >;
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
  /**
   * What serves the data channel of this session (`/exec/v1/data-channel/ID`), whose first message brings the token; undefined
   * if no client is expected. Nobody else is expected from then on, at any replica.
   */
  claimExec(sessionId: string): Promise<((socket: WebSocket) => void) | undefined>;
  /** Serves an agent's side of a session (`/exec/ws`), admitted like its control socket. */
  acceptExecAgent(socket: WebSocket, connection: AgentConnection): void;
  /** Background work: keeping services at their desired count, delivering to agents, forgetting old stopped tasks. */
  readonly services: readonly Service[];
  /** At start, after migration: makes the `default` cluster of `account`, resets connections of this replica. */
  recover(account: AccountId): Promise<void>;
  /** Closes agents' sockets in order (going away); their tasks run on. */
  closeAgents(): Promise<void>;
  /** Why a task or a service's tasks do not run, or whether a definition would find room; undefined if there is no such thing. */
  explain(account: AccountId, query: WhyQuery): Promise<WhyAnswer | undefined>;
  /** By which others reach a machine of the account, named by its EC2 instance id or its container instance id. */
  machineAddress(account: string, instanceId: string): Promise<string | undefined>;
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

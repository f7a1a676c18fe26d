// The nouns of a task on this machine: what was asked (the control plane's words), what has become of it (this agent's,
// durable), and what the Engine shows (never saved).
import type { AcsTask } from '@longshore/aws';

export interface NetworkBinding {
  readonly bindIP: string;
  readonly containerPort?: number | undefined;
  readonly hostPort?: number | undefined;
  /** `8000-8010`, in place of one port. */
  readonly containerPortRange?: string | undefined;
  readonly hostPortRange?: string | undefined;
  readonly protocol: 'tcp' | 'udp';
}

/** How a container ended, or that it will never run. */
export interface ContainerEnd {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Left out if it never ran or nobody saw how it ended. */
  readonly exitCode?: number | undefined;
  readonly reason?: string | undefined;
}

/** What has become of one container of a task. Nothing that happened is taken back; a restart adds a run. */
export interface ContainerProgress {
  /** Its name in the Engine, derived from the task's ARN: the guard against a second one. */
  readonly dockerName: string;
  readonly dockerId?: string | undefined;
  /** Its name at the task endpoint: random, known to nobody but the container. */
  readonly endpointId?: string | undefined;
  /** Set once the image is on this machine. */
  readonly image?: { readonly digest?: string | undefined } | undefined;
  /** When its first run began. */
  readonly startedAt?: number | undefined;
  /** How often its policy started it again, and the beginning of the run that the last restart follows. */
  readonly restarts?: { readonly count: number; readonly after: number } | undefined;
  readonly bindings?: readonly NetworkBinding[] | undefined;
  readonly ended?: ContainerEnd | undefined;
  readonly removed?: boolean | undefined;
  /** Its prepared namespace has been given up. */
  readonly networkReleased?: boolean | undefined;
}

export interface VolumeProgress {
  readonly dockerName: string;
  /** Removed with the task. */
  readonly taskScoped: boolean;
  readonly made: boolean;
  readonly removed?: boolean | undefined;
}

export type ReportedStatus = 'PENDING' | 'RUNNING' | 'STOPPED';

export interface ContainerReport {
  readonly containerName: string;
  readonly status: ReportedStatus;
  readonly runtimeId?: string | undefined;
  readonly imageDigest?: string | undefined;
  readonly exitCode?: number | undefined;
  readonly reason?: string | undefined;
  readonly networkBindings?: readonly NetworkBinding[] | undefined;
}

/** A state change to be told to the control plane; times in milliseconds since the epoch. */
export interface TaskReport {
  readonly status: ReportedStatus;
  readonly at: number;
  readonly reason?: string | undefined;
  readonly containers: readonly ContainerReport[];
  readonly pullStartedAt?: number | undefined;
  readonly pullStoppedAt?: number | undefined;
  readonly executionStoppedAt?: number | undefined;
}

/** A task as it is kept in its state file. */
export interface TaskRecord {
  readonly format: 1;
  readonly task: AcsTask;
  readonly desired: 'RUNNING' | 'STOPPED';
  /** The unguessable name under which its containers ask for the keys of its role. */
  readonly credentialsId?: string | undefined;
  /** The role whose keys are used, and no others, for what the task needs from elsewhere. */
  readonly executionRole?: string | undefined;
  readonly containers: Readonly<Record<string, ContainerProgress>>;
  readonly volumes: Readonly<Record<string, VolumeProgress>>;
  readonly pullStartedAt?: number | undefined;
  readonly pullStoppedAt?: number | undefined;
  /** When the first essential container ended or the stop was asked for. */
  readonly executionStoppedAt?: number | undefined;
  /** Waiting to be accepted by the control plane, oldest first. */
  readonly reports: readonly TaskReport[];
  /** What was put into `reports` last, to see when there is news. */
  readonly lastReported?: string | undefined;
  /** When the control plane accepted (or will never accept) that the task stopped. */
  readonly closedAt?: number | undefined;
}

/** What the Engine shows of a container. */
export interface ObservedContainer {
  readonly id: string;
  readonly status: 'created' | 'running' | 'exited';
  readonly pid: number;
  readonly exitCode: number;
  readonly oomKilled: boolean;
  /** The Engine's own words about why it could not run. */
  readonly error: string;
  readonly startedAt?: number | undefined;
  readonly finishedAt?: number | undefined;
  readonly health?: 'starting' | 'healthy' | 'unhealthy' | undefined;
  readonly bindings: readonly NetworkBinding[];
  /** The id of the network holder whose namespace it runs in. */
  readonly holder?: string | undefined;
}

/** What the Engine shows of a task, by container name; what is not in it does not exist. */
export type Observed = ReadonlyMap<string, ObservedContainer>;

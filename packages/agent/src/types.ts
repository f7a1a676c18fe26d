// The nouns of the agent that its starter sees.
import type { Clock, Logger, Service } from '@longshore/base';
import type { PullBehavior } from './execute/pull.ts';

export interface AgentOptions {
  /** The control plane, e.g. `http://127.0.0.1:7077`. */
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly cluster: string;
  /** Where the agent keeps its own state (mode 0700). */
  readonly dataDir: string;
  /** The Docker Engine: `unix:///var/run/docker.sock`. */
  readonly dockerHost: string;
  /** Address that published ports bind to; default 0.0.0.0 as on ECS. */
  readonly bindAddress?: string;
  /** Pause between two readings of the containers' cgroups. Default 5,000 ms. */
  readonly measureEveryMs?: number;
  /** How long containers of stopped tasks are kept for inspection. Default 10 minutes. */
  readonly keepStoppedMs?: number;
  /** Folder whose files tasks may take secrets and environment files from (`file:NAME`). None if left out. */
  readonly taskFiles?: string;
  /** Where environment files in S3 may be read: `s3://BUCKET/PREFIX?endpoint=URL&region=NAME&profile=NAME`. */
  readonly taskFilesS3?: string;
  /** When the registry is asked for an image. */
  readonly pullBehavior?: PullBehavior;
  /** Network namespaces kept ready for containers that publish no ports; 0 for none. Default 2. */
  readonly preparedNetworks?: number;
  /** Serve task metadata and the keys of task roles to containers, at 169.254.170.2 where that can be had. Default false. */
  readonly taskEndpoint?: boolean;
  /** An image that this agent pulled and no task used for so long is removed. Default 24 hours. */
  readonly imageMinAgeMs?: number;
  /** Pause between two looks at unused images. Default 30 minutes. */
  readonly imageCleanEveryMs?: number;
  /** GPUs of this machine that tasks may have: `ID` (an NVIDIA device) or `ID=/dev/PATH`. */
  readonly gpus?: readonly string[];
  readonly attributes?: Readonly<Record<string, string>>;
  /** Where others reach this machine; default: the local address of its connections to the control plane. */
  readonly address?: string;
  /** What is offered for tasks: CPU units (1,024 a core) and MiB. Default: the Engine's, less what the machine keeps. */
  readonly offer?: { readonly cpu?: number; readonly memory?: number };
  readonly clock: Clock;
  readonly log: Logger;
}

/** The agent as a service: `run` ends only after `stop`; it reconnects by itself. Stopping it stops no container. */
export interface Agent extends Service {
  /** Resolves when the agent is registered and its control socket is open. */
  ready(): Promise<void>;
}

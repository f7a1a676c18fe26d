// The messages between the control plane and an agent, as amazon-ecs-agent's published models name them: ACS (control,
// `GET {endpoint}/ws`, version 2) and TCS (telemetry). Both sides of Longshore speak them, and Amazon's own agent too.
// A text frame is `{"type": …, "message": {…}}`. See design/wire-protocols.md.

export interface AcsTaskIdentifier {
  readonly taskArn: string;
  readonly taskClusterArn: string;
  readonly desiredStatus: 'RUNNING' | 'STOPPED';
}

export interface AcsPortMapping {
  readonly containerPort: number;
  /** 0 = the Engine picks one. */
  readonly hostPort: number;
  /** `8000-8010`, in place of `containerPort` (then 0): as many host ports in a row, picked by the agent. */
  readonly containerPortRange?: string;
  readonly protocol: 'tcp' | 'udp';
}

/** A value that the agent fetches when it makes the container; it never travels in a payload. */
export interface AcsSecret {
  readonly name: string;
  readonly valueFrom: string;
  readonly region?: string;
  /** asm: Secrets Manager. file: a file of the machine (Longshore's agent only). */
  readonly provider: 'asm' | 'file';
  /** CONTAINER: an environment variable. LOG_DRIVER: an option of the log driver. */
  readonly target: 'CONTAINER' | 'LOG_DRIVER';
  readonly type: 'ENVIRONMENT_VARIABLE' | 'BOOTSTRAP';
}

/** `type` is `s3` always, as in the API; `value` is an S3 object's ARN, or `file:NAME` (Longshore's agent only). */
export interface AcsEnvironmentFile {
  readonly value: string;
  readonly type: 's3';
}

export interface AcsRestartPolicy {
  readonly enabled: boolean;
  readonly ignoredExitCodes?: readonly number[];
  /** Seconds that it must have run to be started again. */
  readonly restartAttemptPeriod?: number;
}

/** Temporary keys of a role, as IAMRoleCredentialsMessage and payloads carry them. */
export interface AcsRoleCredentials {
  readonly credentialsId: string;
  readonly roleArn: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** ISO 8601. */
  readonly expiration: string;
}

/** A thing of the machine that is the task's alone; type gpu: `name` is the device's id. */
export interface AcsAssociation {
  readonly type: 'gpu';
  readonly name: string;
  readonly containers: readonly string[];
  readonly content: { readonly encoding: 'base64'; readonly value: string };
}

export interface AcsMountPoint {
  readonly sourceVolume: string;
  readonly containerPath: string;
  readonly readOnly: boolean;
}

export interface AcsVolume {
  readonly name: string;
  readonly type: 'host' | 'docker';
  readonly host?: { readonly sourcePath: string };
  readonly dockerVolumeConfiguration?: {
    readonly scope: 'task' | 'shared';
    readonly autoprovision?: boolean;
    readonly driver?: string;
    readonly driverOpts?: Readonly<Record<string, string>>;
    readonly labels?: Readonly<Record<string, string>>;
  };
}

/** How an image's registry is logged in to: with the agent's own right to ECR, or with a secret that holds user name and password. */
export type AcsRegistryAuthentication =
  | {
      readonly type: 'ecr';
      readonly ecrAuthData: {
        readonly registryId: string;
        readonly region: string;
        readonly endpointOverride?: string;
        readonly useExecutionRole?: boolean;
      };
    }
  | { readonly type: 'asm'; readonly asmAuthData: { readonly credentialsParameter: string; readonly region: string } };

export interface AcsContainer {
  readonly name: string;
  readonly image: string;
  /** CPU units (1,024 a core); 0 = unset. */
  readonly cpu: number;
  /** Hard limit in MiB; 0 = none. */
  readonly memory: number;
  readonly essential: boolean;
  readonly command?: readonly string[];
  readonly entryPoint?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly portMappings: readonly AcsPortMapping[];
  readonly mountPoints: readonly AcsMountPoint[];
  readonly volumesFrom: readonly { readonly sourceContainer: string; readonly readOnly: boolean }[];
  readonly links?: readonly string[];
  readonly dependsOn?: readonly {
    readonly containerName: string;
    readonly condition: 'START' | 'COMPLETE' | 'SUCCESS' | 'HEALTHY';
  }[];
  /** Seconds. */
  readonly startTimeout?: number;
  /** Seconds between SIGTERM and SIGKILL. */
  readonly stopTimeout?: number;
  readonly healthCheckType?: 'docker';
  /** A JSON *string*: `{"command":[…],"environment":{…}, …}` of the container's override. */
  readonly overrides: string;
  /** `config` and `hostConfig` are JSON *strings* in the Engine API's own form (User, WorkingDir, LogConfig, …). */
  readonly dockerConfig: { readonly version: string; readonly config: string; readonly hostConfig: string };
  readonly registryAuthentication?: AcsRegistryAuthentication;
  readonly secrets?: readonly AcsSecret[];
  readonly environmentFiles?: readonly AcsEnvironmentFile[];
  readonly restartPolicy?: AcsRestartPolicy;
  readonly containerArn: string;
}

export interface AcsNetworkInterface {
  readonly ec2Id: string;
  readonly macAddress: string;
  readonly ipv4Addresses: readonly { readonly primary: boolean; readonly privateAddress: string }[];
  /** With the length of the subnet's prefix: `10.208.3.1/24`. */
  readonly subnetGatewayIpv4Address: string;
}

export interface AcsTask {
  readonly arn: string;
  readonly taskClusterArn: string;
  readonly family: string;
  /** The revision, as text. */
  readonly version: string;
  readonly desiredStatus: 'RUNNING' | 'STOPPED';
  readonly containers: readonly AcsContainer[];
  readonly volumes: readonly AcsVolume[];
  /** A JSON *string*. */
  readonly overrides: string;
  /** Cores and MiB of the whole task; left out without task-level limits. */
  readonly cpu?: number;
  readonly memory?: number;
  readonly networkMode?: 'bridge' | 'host' | 'none' | 'awsvpc';
  /** The task's own interface, of a task in awsvpc mode. */
  readonly elasticNetworkInterfaces?: readonly AcsNetworkInterface[];
  readonly pidMode?: string;
  readonly ipcMode?: string;
  readonly launchType: 'EC2' | 'EXTERNAL';
  readonly serviceName?: string;
  readonly group?: string;
  readonly associations?: readonly AcsAssociation[];
  /** The keys of the role that the containers may take. */
  readonly roleCredentials?: AcsRoleCredentials;
  /** The keys of the role that secrets and private images are fetched with. */
  readonly executionRoleCredentials?: AcsRoleCredentials;
}

/** Control plane → agent. */
export interface AcsServerMessages {
  readonly HeartbeatMessage: { readonly messageId: string; readonly healthy: boolean };
  readonly PayloadMessage: {
    readonly messageId: string;
    readonly clusterArn: string;
    readonly containerInstanceArn: string;
    readonly tasks: readonly AcsTask[];
    readonly seqNum: number;
    readonly generatedAt: number;
  };
  readonly TaskManifestMessage: {
    readonly messageId: string;
    readonly clusterArn: string;
    readonly containerInstanceArn: string;
    readonly tasks: readonly AcsTaskIdentifier[];
    readonly generatedAt: number;
    /** Greater than every earlier manifest's. */
    readonly timeline: number;
  };
  readonly TaskStopVerificationAck: {
    /** The manifest's. */
    readonly messageId: string;
    readonly generatedAt: number;
    readonly stopTasks: readonly AcsTaskIdentifier[];
  };
  /** Longshore's own: the agent runs the command and dials in for the session. Others ignore it. */
  readonly ExecuteCommandMessage: {
    readonly messageId: string;
    readonly sessionId: string;
    readonly taskArn: string;
    readonly containerName: string;
    readonly command: string;
    /** With a terminal. */
    readonly interactive: boolean;
    /** The server to dial, if it is not the agent's own. */
    readonly endpoint?: string;
  };
  readonly IAMRoleCredentialsMessage: {
    readonly messageId: string;
    readonly taskArn: string;
    readonly roleType: 'TaskApplication' | 'TaskExecution';
    readonly roleCredentials: AcsRoleCredentials;
  };
  readonly CloseMessage: { readonly message: string };
  readonly ErrorMessage: { readonly message: string };
}

/** Agent → control plane. */
export interface AcsAgentMessages {
  readonly AckRequest: { readonly messageId: string; readonly cluster: string; readonly containerInstance: string };
  readonly HeartbeatAckRequest: { readonly messageId: string };
  readonly TaskStopVerificationMessage: {
    readonly messageId: string;
    readonly stopCandidates: readonly AcsTaskIdentifier[];
  };
  readonly IAMRoleCredentialsAckRequest: {
    readonly messageId: string;
    readonly expiration: string;
    readonly credentialsId: string;
  };
}

export interface TcsStatsSet {
  readonly min: number;
  readonly max: number;
  readonly sampleCount: number;
  readonly sum: number;
}

export interface TcsContainerMetric {
  readonly containerName: string;
  readonly containerArn?: string;
  /** Percent of one core. */
  readonly cpuStatsSet: TcsStatsSet;
  /** MiB. */
  readonly memoryStatsSet: TcsStatsSet;
  /** Bytes gained since the last message. */
  readonly networkStatsSet?: { readonly rxBytes?: TcsStatsSet; readonly txBytes?: TcsStatsSet };
  readonly storageStatsSet?: { readonly readSizeBytes?: TcsStatsSet; readonly writeSizeBytes?: TcsStatsSet };
  /** Longshore's agent adds exact readings, counted from the container's start; Amazon's does not send this. */
  readonly longshoreReading?: {
    /** Milliseconds since the epoch. */
    readonly time: number;
    readonly cpuSeconds: number;
    readonly cpuPercent: number;
    readonly memoryBytes: number;
    readonly memoryLimitBytes?: number | undefined;
    readonly networkRxBytes: number;
    readonly networkTxBytes: number;
    readonly blockReadBytes: number;
    readonly blockWriteBytes: number;
  };
}

/** Agent → control plane; each frame is HTTP header lines, an empty line, then the JSON (Longshore's agent sends the JSON only). */
export interface TcsAgentMessages {
  readonly PublishMetricsRequest: {
    readonly metadata: {
      readonly cluster: string;
      readonly containerInstance: string;
      readonly messageId: string;
      readonly idle?: boolean;
      readonly fin?: boolean;
    };
    /** At most ten a message. */
    readonly taskMetrics: readonly {
      readonly taskArn: string;
      readonly taskDefinitionFamily: string;
      readonly taskDefinitionVersion: string;
      readonly containerMetrics: readonly TcsContainerMetric[];
    }[];
    /** Seconds since the epoch, with fraction. */
    readonly timestamp: number;
  };
  readonly PublishHealthRequest: {
    readonly metadata: {
      readonly cluster: string;
      readonly containerInstance: string;
      readonly messageId: string;
      readonly fin?: boolean;
    };
    readonly tasks: readonly {
      readonly taskArn: string;
      readonly containers: readonly {
        readonly containerName: string;
        readonly healthStatus: 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN';
        readonly statusSince: number;
        readonly statusMessage?: string;
      }[];
    }[];
    readonly timestamp: number;
  };
  readonly PublishInstanceStatusRequest: {
    readonly metadata: { readonly cluster: string; readonly containerInstance: string; readonly requestId: string };
    readonly statuses: readonly {
      readonly type: string;
      readonly status: 'OK' | 'IMPAIRED' | 'INSUFFICIENT_DATA' | 'INITIALIZING';
      readonly statusReason?: string;
      /** Seconds since the epoch. */
      readonly lastUpdated: number;
      readonly lastStatusChange: number;
    }[];
    readonly timestamp: number;
  };
}

/** Control plane → agent. */
export interface TcsServerMessages {
  readonly AckPublishMetric: { readonly message: string };
  readonly AckPublishHealth: { readonly message: string };
  readonly AckPublishInstanceStatus: { readonly message: string };
  readonly HeartbeatMessage: { readonly healthy: boolean };
  readonly StopTelemetrySessionMessage: { readonly message: string };
}

/** A frame of a message table. */
export type Frame<Table> = {
  [Type in keyof Table]: { readonly type: Type; readonly message: Table[Type] };
}[keyof Table];

// The Engine API's shapes, cut down to what the agent reads. Field names are the Engine's own.

export interface EngineVersion {
  readonly Version: string;
  readonly ApiVersion: string;
  readonly Os: string;
  readonly Arch: string;
}

export interface EngineInfo {
  readonly ID: string;
  readonly NCPU: number;
  readonly MemTotal: number;
  readonly OSType: string;
  readonly Architecture: string;
  readonly SecurityOptions?: readonly string[] | null;
  readonly Plugins?: { readonly Log?: readonly string[] | null; readonly Volume?: readonly string[] | null } | null;
}

export interface ImageInspection {
  readonly Id: string;
  readonly RepoDigests?: readonly string[] | null;
}

export interface PortBinding {
  readonly HostIp: string;
  readonly HostPort: string;
}

export interface HealthLog {
  readonly Output?: string;
  readonly ExitCode?: number;
  readonly End?: string;
}

/** A container's place in one of the Engine's networks. */
export interface NetworkAttachment {
  readonly IPAddress?: string;
  readonly MacAddress?: string;
}

export interface NetworkInspection {
  readonly Id: string;
  readonly Name: string;
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly IPAM?: { readonly Config?: readonly { readonly Subnet?: string; readonly Gateway?: string }[] | null };
}

export interface NetworkBody {
  readonly Name: string;
  readonly CheckDuplicate: true;
  readonly Driver: 'bridge';
  readonly IPAM: {
    readonly Driver: 'default';
    readonly Config: readonly { readonly Subnet: string; readonly Gateway: string }[];
  };
  readonly Labels: Readonly<Record<string, string>>;
}

export interface ContainerInspection {
  readonly Id: string;
  readonly Name: string;
  readonly Image: string;
  readonly Created?: string;
  readonly State: {
    readonly Status: 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';
    readonly OOMKilled: boolean;
    readonly Pid: number;
    readonly ExitCode: number;
    readonly Error: string;
    readonly StartedAt: string;
    readonly FinishedAt: string;
    readonly Health?: { readonly Status: string; readonly Log?: readonly HealthLog[] | null } | null;
  };
  readonly Config: { readonly Labels?: Readonly<Record<string, string>> | null };
  readonly HostConfig: {
    readonly NetworkMode?: string;
    readonly LogConfig?: { readonly Type?: string; readonly Config?: Readonly<Record<string, string>> | null };
  };
  readonly Mounts?: readonly { readonly Name?: string; readonly Source?: string; readonly Destination?: string }[];
  readonly NetworkSettings: {
    readonly Ports?: Readonly<Record<string, readonly PortBinding[] | null>> | null;
    readonly Networks?: Readonly<Record<string, NetworkAttachment | null>> | null;
  };
}

export interface ContainerSummary {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly State: string;
  readonly HostConfig?: { readonly NetworkMode?: string };
  readonly Labels?: Readonly<Record<string, string>> | null;
}

export interface EngineEvent {
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes?: Readonly<Record<string, string>> };
  /** Nanoseconds since the epoch (loses its last digits as a double; good enough to order by). */
  readonly timeNano: number;
}

/** The body of `POST /containers/create`: open, since task definitions may carry any field of the Engine's. */
export interface CreateBody {
  readonly Image: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly HostConfig: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

export interface VolumeBody {
  readonly Name: string;
  readonly Driver?: string;
  readonly DriverOpts?: Readonly<Record<string, string>>;
  readonly Labels: Readonly<Record<string, string>>;
}

export interface RegistryCredential {
  readonly username: string;
  readonly password: string;
  readonly serveraddress: string;
}

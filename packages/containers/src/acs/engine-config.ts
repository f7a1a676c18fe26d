// What a container definition asks of the Engine beyond the named members of the agent protocol, in the Engine API's own
// form (Docker Engine API, ContainerCreate: ContainerConfig and HostConfig). Both travel as JSON text.
import type { ContainerDefinition } from '@aws-sdk/client-ecs';

const mebibyte = 1024 * 1024;
const second = 1_000_000_000;

function compact(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).filter(([, each]) => each !== undefined && !(Array.isArray(each) && each.length === 0)),
  );
}

/** ContainerConfig: user, folder, names, labels, health check. Durations are nanoseconds. */
export function engineConfig(container: ContainerDefinition): Record<string, unknown> {
  const check = container.healthCheck;
  return compact({
    User: container.user,
    WorkingDir: container.workingDirectory,
    Hostname: container.hostname,
    Labels: container.dockerLabels,
    OpenStdin: container.interactive || undefined,
    Tty: container.pseudoTerminal || undefined,
    NetworkDisabled: container.disableNetworking || undefined,
    Healthcheck: check && {
      Test: check.command,
      Interval: (check.interval ?? 30) * second,
      Timeout: (check.timeout ?? 5) * second,
      Retries: check.retries ?? 3,
      ...(check.startPeriod !== undefined && { StartPeriod: check.startPeriod * second }),
    },
  });
}

function permissions(given: readonly string[] | undefined): string {
  const all = given === undefined || given.length === 0 ? ['read', 'write', 'mknod'] : given;
  return (all.includes('read') ? 'r' : '') + (all.includes('write') ? 'w' : '') + (all.includes('mknod') ? 'm' : '');
}

export interface Limits {
  /** MiB; 0 or undefined is none. */
  readonly memory: number | undefined;
  readonly memoryReservation: number | undefined;
}

function linuxParts(container: ContainerDefinition, limits: Limits): Record<string, unknown> {
  const linux = container.linuxParameters;
  if (linux === undefined) return {};
  const swap = linux.maxSwap !== undefined && limits.memory ? (limits.memory + linux.maxSwap) * mebibyte : undefined;
  return {
    CapAdd: linux.capabilities?.add,
    CapDrop: linux.capabilities?.drop,
    Init: linux.initProcessEnabled,
    ShmSize: linux.sharedMemorySize === undefined ? undefined : linux.sharedMemorySize * mebibyte,
    Tmpfs:
      linux.tmpfs &&
      Object.fromEntries(
        linux.tmpfs.map((each) => [
          each.containerPath ?? '',
          [...(each.mountOptions ?? []), `size=${each.size ?? 0}m`].join(','),
        ]),
      ),
    Devices: linux.devices?.map((each) => ({
      PathOnHost: each.hostPath,
      PathInContainer: each.containerPath ?? each.hostPath,
      CgroupPermissions: permissions(each.permissions),
    })),
    MemorySwap: swap,
    // Docker's swappiness has a meaning only where swap was asked for.
    MemorySwappiness: swap === undefined ? undefined : linux.swappiness,
  };
}

/** HostConfig: what concerns the host. Memory itself is a named member of the protocol. */
export function engineHostConfig(
  container: ContainerDefinition,
  networkMode: string,
  limits: Limits,
): Record<string, unknown> {
  const log = container.logConfiguration;
  return compact({
    NetworkMode: networkMode,
    Privileged: container.privileged,
    ReadonlyRootfs: container.readonlyRootFilesystem,
    Dns: container.dnsServers,
    DnsSearch: container.dnsSearchDomains,
    ExtraHosts: container.extraHosts?.map((each) => `${each.hostname}:${each.ipAddress}`),
    SecurityOpt: container.dockerSecurityOptions,
    Sysctls:
      container.systemControls && container.systemControls.length > 0
        ? Object.fromEntries(container.systemControls.map((each) => [each.namespace ?? '', each.value ?? '']))
        : undefined,
    Ulimits: container.ulimits?.map((each) => ({ Name: each.name, Soft: each.softLimit, Hard: each.hardLimit })),
    LogConfig: log && { Type: log.logDriver, Config: log.options ?? {} },
    MemoryReservation: limits.memoryReservation ? limits.memoryReservation * mebibyte : undefined,
    ...linuxParts(container, limits),
  });
}

// What this machine offers when it registers: resources, and attributes as ECS's own agent names them. Pure.
import type { Attribute, Resource, VersionInfo } from '@aws-sdk/client-ecs';
import type { EngineInfo, EngineVersion } from '../docker/types.ts';

/** The agent's version, as `versionInfo.agentVersion` and the placement subject `agentVersion` show it. */
export const agentVersion = '0.1.0';
export const agentHash = 'longshore';

/** The attribute that says where others reach a machine: load balancers and DNS answers name it. */
export const addressAttribute = 'longshore.address';

/** MiB that are left to the machine itself. */
export const reservedMemoryMiB = 256;

/** Ports that tasks cannot have: ssh, the Docker Engine's two, the agent's own two (ECS reserves the same). */
const reservedPorts = ['22', '2375', '2376', '51678', '51679'];

/** Docker API versions that task definitions may ask for; ECS stopped naming newer ones. */
const namedApis = [
  '1.17',
  '1.18',
  '1.19',
  '1.20',
  '1.21',
  '1.22',
  '1.23',
  '1.24',
  '1.25',
  '1.28',
  '1.29',
  '1.30',
  '1.32',
];
const logDrivers = ['json-file', 'syslog', 'journald', 'gelf', 'fluentd', 'awslogs', 'splunk'];

const minor = (version: string) => Number(version.split('.')[1]);
const architectures: Readonly<Record<string, string>> = {
  amd64: 'x86_64',
  x86_64: 'x86_64',
  arm64: 'arm64',
  aarch64: 'arm64',
};

/** What the machine has, or less (or more) where the operator says so. */
/** What the operator says is offered, in place of what the Engine has. */
export interface Offer {
  readonly cpu?: number;
  readonly memory?: number;
  /** Ids. */
  readonly gpus?: readonly string[];
}

export function resourcesOf(info: EngineInfo, offer: Offer = {}): Resource[] {
  const memory = Math.max(0, Math.floor(info.MemTotal / (1024 * 1024)) - reservedMemoryMiB);
  return [
    { name: 'CPU', type: 'INTEGER', integerValue: offer.cpu ?? info.NCPU * 1024 },
    { name: 'MEMORY', type: 'INTEGER', integerValue: offer.memory ?? memory },
    { name: 'PORTS', type: 'STRINGSET', stringSetValue: reservedPorts },
    { name: 'PORTS_UDP', type: 'STRINGSET', stringSetValue: [] },
    ...(offer.gpus?.length ? [{ name: 'GPU', type: 'STRINGSET', stringSetValue: [...offer.gpus] }] : []),
  ];
}

/** Capabilities that the agent has on this Engine, those of its settings (`offered`), the operator's own attributes. */
export function attributesOf(
  info: EngineInfo,
  version: EngineVersion,
  own: Readonly<Record<string, string>>,
  offered: readonly string[] = [],
): Attribute[] {
  // `awslogs` is the agent's own work, whatever the Engine has.
  const drivers = new Set(['none', 'awslogs', ...(info.Plugins?.Log ?? [])]);
  const security = info.SecurityOptions ?? [];
  const capability = [
    'privileged-container',
    ...namedApis.filter((api) => minor(api) <= minor(version.ApiVersion)).map((api) => `docker-remote-api.${api}`),
    ...['none', ...logDrivers].filter((driver) => drivers.has(driver)).map((driver) => `logging-driver.${driver}`),
    ...['selinux', 'apparmor'].filter((name) => security.some((option) => option.includes(`name=${name}`))),
    'ecr-auth',
  ].map((name) => `com.amazonaws.ecs.capability.${name}`);
  const newer = [
    'ecr-endpoint',
    'execution-role-ecr-pull',
    'pid-ipc-namespace-sharing',
    'container-ordering',
    'container-health-check',
    'full-sync',
    'task-cpu-mem-limit',
    'task-eni',
    'external',
    'execution-role-awslogs',
    'container-restart-policy',
    'network.container-port-range',
    'secrets.asm.environment-variables',
    'secrets.asm.bootstrap.log-driver',
    'private-registry-authentication.secretsmanager',
    ...(info.Plugins?.Volume ?? []).map((driver) => `docker-plugin.${driver}`),
  ].map((name) => `ecs.capability.${name}`);
  return [
    ...[...capability, ...newer, ...offered].map((name) => ({ name })),
    { name: 'ecs.os-type', value: info.OSType },
    { name: 'ecs.cpu-architecture', value: architectures[info.Architecture] ?? info.Architecture },
    ...Object.entries(own).map(([name, value]) => ({ name, value })),
  ];
}

export function versionsOf(version: EngineVersion): VersionInfo {
  return { agentVersion, agentHash, dockerVersion: `DockerVersion: ${version.Version}` };
}

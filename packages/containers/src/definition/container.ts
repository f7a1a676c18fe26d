// One container definition: checked field by field, then completed with the defaults that ECS adds.
import { isIP } from 'node:net';
import type { ContainerDefinition, NetworkMode } from '@aws-sdk/client-ecs';
import { clientError } from '../errors.ts';
import { isName } from '../names.ts';
import {
  checkHealthCheck,
  checkLinuxParameters,
  checkResourceRequirements,
  checkRestartPolicy,
  checkSystemControls,
  checkUlimits,
} from './container-parts.ts';
import { badContainer, checkOneOf, checkRange, checkText, checkTexts } from './limits.ts';
import { checkFirelens, checkLogging } from './logging.ts';
import { normalPorts } from './ports.ts';
import { checkFetched } from './secrets.ts';
import { refuseContainerFields } from './unsupported.ts';

export interface TaskFrame {
  readonly networkMode: NetworkMode;
  readonly ipcMode: string | undefined;
  /** MiB of the whole task, if it has a limit. */
  readonly memory: number | undefined;
  readonly volumes: ReadonlySet<string>;
  readonly containers: ReadonlySet<string>;
}

/** Docker's lower bound, in MiB. */
const leastMemory = 6;

function checkMemory(name: string, container: ContainerDefinition, frame: TaskFrame): void {
  const { memory, memoryReservation } = container;
  checkRange(name, 'memory', memory, leastMemory, 100_000_000);
  checkRange(name, 'memoryReservation', memoryReservation, leastMemory, 100_000_000);
  if (memory === undefined && memoryReservation === undefined && frame.memory === undefined)
    throw badContainer(name, "At least one of 'memory' or 'memoryReservation' must be specified.");
  if (memory !== undefined && memoryReservation !== undefined && memoryReservation >= memory)
    throw badContainer(name, "The value of 'memory' must be greater than 'memoryReservation'.");
  if (frame.memory !== undefined && Math.max(memory ?? 0, memoryReservation ?? 0) > frame.memory)
    throw badContainer(name, "'memory' must not be more than the memory of the task.");
}

function checkReferences(name: string, container: ContainerDefinition, frame: TaskFrame): void {
  for (const [field, most] of [
    ['mountPoints', 200],
    ['volumesFrom', 50],
    ['links', 50],
    ['dependsOn', 50],
  ] as const)
    if ((container[field]?.length ?? 0) > most) throw badContainer(name, `'${field}' has more than ${most} entries.`);
  const paths = new Set<string>();
  for (const mount of container.mountPoints ?? []) {
    if (mount.sourceVolume === undefined || !frame.volumes.has(mount.sourceVolume))
      throw clientError(`Unknown volume '${mount.sourceVolume ?? ''}'.`);
    if (!mount.containerPath) throw badContainer(name, "A mount point must have a 'containerPath'.");
    checkText(name, 'containerPath', mount.containerPath, 4096);
    if (paths.has(mount.containerPath)) throw badContainer(name, `The path '${mount.containerPath}' is mounted twice.`);
    paths.add(mount.containerPath);
  }
  for (const from of container.volumesFrom ?? [])
    if (from.sourceContainer === undefined || !frame.containers.has(from.sourceContainer))
      throw badContainer(name, `'volumesFrom' names the unknown container '${from.sourceContainer ?? ''}'.`);
  for (const link of container.links ?? []) {
    if (frame.networkMode !== 'bridge') throw badContainer(name, "'links' need networkMode bridge.");
    if (link.length > 511) throw badContainer(name, "'links' must be at most 511 characters each.");
    const target = link.split(':')[0] ?? '';
    if (!frame.containers.has(target) || target === name)
      throw badContainer(name, `'links' names the unknown container '${target}'.`);
  }
}

function checkEnvironment(name: string, container: ContainerDefinition): void {
  if ((container.environment?.length ?? 0) > 1000)
    throw badContainer(name, "'environment' has more than 1000 entries.");
  for (const { name: key, value } of container.environment ?? []) {
    if (!key || key.includes('=')) throw badContainer(name, "Names in 'environment' must not be empty or contain '='.");
    checkText(name, 'environment', key, 4096);
    checkText(name, 'environment', value, 65_536);
  }
}

function checkPlain(name: string, container: ContainerDefinition): void {
  checkRange(name, 'cpu', container.cpu, 0, 262_144);
  checkTexts(name, 'command', container.command, 32_768);
  checkTexts(name, 'entryPoint', container.entryPoint, 32_768);
  checkRange(name, 'startTimeout', container.startTimeout, 2, 86_400);
  checkRange(name, 'stopTimeout', container.stopTimeout, 2, 86_400);
  checkText(name, 'hostname', container.hostname, 253);
  checkText(name, 'user', container.user, 255);
  checkText(name, 'workingDirectory', container.workingDirectory, 4096);
  checkTexts(name, 'dnsServers', container.dnsServers, 253);
  checkTexts(name, 'dnsSearchDomains', container.dnsSearchDomains, 253);
  checkTexts(name, 'dockerSecurityOptions', container.dockerSecurityOptions, 1024);
  checkOneOf(name, 'versionConsistency', container.versionConsistency, ['enabled', 'disabled']);
  for (const [key, value] of Object.entries(container.dockerLabels ?? {})) {
    checkText(name, 'dockerLabels', key, 1024);
    checkText(name, 'dockerLabels', value, 65_536);
    // What the agent finds its containers by must not be forged by a definition.
    if (/^(?:com\.amazonaws\.ecs|longshore)\./.test(key))
      throw badContainer(name, `The docker label '${key}' uses a reserved prefix.`);
  }
}

/** Names that a container is given or resolves by itself: with an address of its own, the task has those. */
function checkNames(name: string, container: ContainerDefinition, frame: TaskFrame): void {
  const own = ['hostname', 'extraHosts', 'dnsServers', 'dnsSearchDomains'] as const;
  for (const field of own) {
    const value = container[field];
    if (frame.networkMode === 'awsvpc' && value !== undefined && value.length > 0 && field !== 'dnsServers')
      throw badContainer(name, `'${field}' does not go with networkMode 'awsvpc'.`);
  }
  for (const { hostname, ipAddress } of container.extraHosts ?? []) {
    if (!hostname || !ipAddress) throw badContainer(name, "'extraHosts' need a hostname and an ipAddress.");
    if (!/^[\w.-]{1,253}$/.test(hostname) || (isIP(ipAddress) === 0 && ipAddress !== 'host-gateway'))
      throw badContainer(name, `'extraHosts' has no sound name and address in '${hostname.slice(0, 80)}'.`);
  }
  for (const server of container.dnsServers ?? [])
    if (isIP(server) === 0) throw badContainer(name, `'dnsServers' must be IP addresses, not ${server.slice(0, 80)}.`);
}

/** The definition as it is stored. Throws ClientException, naming the container and the field. */
export function normalContainer(container: ContainerDefinition, frame: TaskFrame): ContainerDefinition {
  const name = container.name ?? '';
  if (!isName(name))
    throw clientError(
      'Container.name must be up to 255 letters (uppercase and lowercase), numbers, underscores and hyphens.',
    );
  if (!container.image) throw clientError('Container.image should not be null or empty.');
  if (container.image.length > 1024 || /\s/.test(container.image))
    throw clientError(`Container.image contains invalid characters or is longer than 1024 (container '${name}').`);
  refuseContainerFields(name, container);
  checkMemory(name, container, frame);
  checkReferences(name, container, frame);
  checkEnvironment(name, container);
  checkFetched(name, container);
  checkPlain(name, container);
  checkHealthCheck(name, container.healthCheck);
  checkLinuxParameters(name, container.linuxParameters);
  checkLogging(name, container.logConfiguration);
  checkFirelens(name, container.firelensConfiguration);
  checkUlimits(name, container.ulimits);
  checkNames(name, container, frame);
  checkSystemControls(name, container.systemControls, frame);
  checkRestartPolicy(name, container.restartPolicy);
  checkResourceRequirements(name, container.resourceRequirements);
  return {
    ...container,
    cpu: container.cpu ?? 0,
    essential: container.essential ?? true,
    portMappings: normalPorts(name, container.portMappings, frame.networkMode),
    environment: [...(container.environment ?? [])].map((each) => ({ name: each.name, value: each.value ?? '' })),
    mountPoints: (container.mountPoints ?? []).map((each) => ({ ...each, readOnly: each.readOnly ?? false })),
    volumesFrom: (container.volumesFrom ?? []).map((each) => ({ ...each, readOnly: each.readOnly ?? false })),
    systemControls: container.systemControls ?? [],
    ...(container.healthCheck && {
      healthCheck: {
        ...container.healthCheck,
        interval: container.healthCheck.interval ?? 30,
        timeout: container.healthCheck.timeout ?? 5,
        retries: container.healthCheck.retries ?? 3,
      },
    }),
  };
}

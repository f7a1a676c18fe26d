// Checks of the structures inside a container definition: health check, Linux parameters, ulimits, kernel settings, restart
// policy, devices.
import type {
  ContainerRestartPolicy,
  HealthCheck,
  LinuxParameters,
  NetworkMode,
  ResourceRequirement,
  SystemControl,
  Ulimit,
} from '@aws-sdk/client-ecs';
import { kernelCapabilities, tmpfsOptions } from './capabilities.ts';
import { badContainer, checkOneOf, checkRange, checkTexts } from './limits.ts';

const ulimitNames =
  'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(' ');

export function checkHealthCheck(name: string, check: HealthCheck | undefined): void {
  if (check === undefined) return;
  const command = check.command ?? [];
  if (command.length === 0 || (command.length === 1 && command[0] !== 'NONE'))
    throw badContainer(name, "'healthCheck.command' must start with CMD or CMD-SHELL and hold a command.");
  checkOneOf(name, 'healthCheck.command[0]', command[0], ['CMD', 'CMD-SHELL', 'NONE']);
  checkTexts(name, 'healthCheck.command', command, 65_536);
  checkRange(name, 'healthCheck.interval', check.interval, 5, 300);
  checkRange(name, 'healthCheck.timeout', check.timeout, 2, 60);
  checkRange(name, 'healthCheck.retries', check.retries, 1, 10);
  checkRange(name, 'healthCheck.startPeriod', check.startPeriod, 0, 300);
}

function checkCapabilities(name: string, field: string, given: readonly string[] | undefined): void {
  checkTexts(name, field, given, 64);
  for (const each of given ?? [])
    if (!kernelCapabilities.includes(each))
      throw badContainer(name, `'${field}' does not know ${each}: name a Linux capability without CAP_, or ALL.`);
}

export function checkLinuxParameters(name: string, linux: LinuxParameters | undefined): void {
  if (linux === undefined) return;
  checkCapabilities(name, 'linuxParameters.capabilities.add', linux.capabilities?.add);
  checkCapabilities(name, 'linuxParameters.capabilities.drop', linux.capabilities?.drop);
  checkRange(name, 'linuxParameters.sharedMemorySize', linux.sharedMemorySize, 1, 100_000_000);
  checkRange(name, 'linuxParameters.maxSwap', linux.maxSwap, 0, 100_000_000);
  checkRange(name, 'linuxParameters.swappiness', linux.swappiness, 0, 100);
  for (const field of ['devices', 'tmpfs'] as const)
    if ((linux[field]?.length ?? 0) > 100)
      throw badContainer(name, `'linuxParameters.${field}' has more than 100 entries.`);
  for (const device of linux.devices ?? []) {
    if (!device.hostPath?.startsWith('/'))
      throw badContainer(name, "'linuxParameters.devices' need an absolute hostPath.");
    if (device.containerPath !== undefined && !device.containerPath.startsWith('/'))
      throw badContainer(name, "'linuxParameters.devices' need an absolute containerPath.");
    for (const permission of device.permissions ?? [])
      checkOneOf(name, 'linuxParameters.devices.permissions', permission, ['read', 'write', 'mknod']);
  }
  for (const mount of linux.tmpfs ?? []) {
    if (!mount.containerPath?.startsWith('/'))
      throw badContainer(name, "'linuxParameters.tmpfs' need an absolute containerPath.");
    checkRange(name, 'linuxParameters.tmpfs.size', mount.size ?? 0, 1, 100_000_000);
    for (const option of mount.mountOptions ?? [])
      checkOneOf(name, 'linuxParameters.tmpfs.mountOptions', option.split('=', 1)[0], tmpfsOptions);
  }
}

export function checkUlimits(name: string, ulimits: readonly Ulimit[] | undefined): void {
  const seen = new Set<string>();
  for (const { name: limit = '', softLimit, hardLimit } of ulimits ?? []) {
    checkOneOf(name, 'ulimits.name', limit, ulimitNames);
    checkRange(name, 'ulimits.softLimit', softLimit ?? -2, -1, 2_147_483_647);
    checkRange(name, 'ulimits.hardLimit', hardLimit ?? -2, -1, 2_147_483_647);
    const bound = (value: number | undefined) => (value === -1 || value === undefined ? Number.MAX_VALUE : value);
    if (bound(softLimit) > bound(hardLimit))
      throw badContainer(name, `The soft limit of ulimit '${limit}' must not be more than its hard limit.`);
    if (seen.has(limit)) throw badContainer(name, `The ulimit '${limit}' is there twice.`);
    seen.add(limit);
  }
}

const networkControl = /^net\.[a-z0-9_.-]{1,250}$/i;
const ipcControl =
  /^(?:kernel\.(?:msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)|fs\.mqueue\.[a-z0-9_]{1,100})$/;

/** Only what has a namespace of its own can be set for a container. */
export function checkSystemControls(
  name: string,
  controls: readonly SystemControl[] | undefined,
  frame: { readonly networkMode: NetworkMode; readonly ipcMode: string | undefined },
): void {
  if ((controls?.length ?? 0) > 100) throw badContainer(name, "'systemControls' has more than 100 entries.");
  for (const { namespace = '', value } of controls ?? []) {
    if (namespace === '' || value === undefined)
      throw badContainer(name, "'systemControls' need a namespace and a value.");
    if (!networkControl.test(namespace) && !ipcControl.test(namespace))
      throw badContainer(
        name,
        `'systemControls' may set net.*, fs.mqueue.* and the kernel's IPC settings, not ${namespace.slice(0, 80)}.`,
      );
    if (networkControl.test(namespace) && frame.networkMode === 'host')
      throw badContainer(name, `'${namespace}' cannot be set with networkMode 'host': it would be the host's.`);
    if (ipcControl.test(namespace) && frame.ipcMode === 'host')
      throw badContainer(name, `'${namespace}' cannot be set with ipcMode 'host': it would be the host's.`);
    if (value.length > 4096 || /[\0\n]/.test(value))
      throw badContainer(name, `The value of '${namespace}' must be one line of at most 4096 characters.`);
  }
}

export function checkRestartPolicy(name: string, policy: ContainerRestartPolicy | undefined): void {
  if (policy === undefined) return;
  if (policy.enabled === undefined) throw badContainer(name, "'restartPolicy.enabled' must be given.");
  checkRange(name, 'restartPolicy.restartAttemptPeriod', policy.restartAttemptPeriod, 60, 1800);
  const codes = policy.ignoredExitCodes ?? [];
  if (codes.length > 50) throw badContainer(name, "'restartPolicy.ignoredExitCodes' has more than 50 entries.");
  for (const code of codes) checkRange(name, 'restartPolicy.ignoredExitCodes', code, 0, 255);
}

/** GPUs by number, once. The other kinds of devices were Amazon's own. */
export function checkResourceRequirements(name: string, given: readonly ResourceRequirement[] | undefined): void {
  const needs = given ?? [];
  if (needs.length > 1) throw badContainer(name, "'resourceRequirements' has more than one entry.");
  for (const { type, value } of needs) {
    if (type !== 'GPU')
      throw badContainer(name, `'resourceRequirements' of type ${type} are not available in Longshore. Use GPU.`);
    if (!/^[1-9][0-9]{0,2}$/.test(value ?? ''))
      throw badContainer(name, "'resourceRequirements.value' of type GPU must be a number of at least 1.");
  }
}

// Checks of the structures inside a container definition: health check, Linux parameters, log driver, ulimits.
import type { HealthCheck, LinuxParameters, LogConfiguration, Ulimit } from '@aws-sdk/client-ecs';
import { badContainer, checkOneOf, checkRange, checkText, checkTexts } from './limits.ts';

const logDrivers = ['json-file', 'syslog', 'journald', 'gelf', 'fluentd', 'splunk', 'none'];
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

export function checkLinuxParameters(name: string, linux: LinuxParameters | undefined): void {
  if (linux === undefined) return;
  checkTexts(name, 'linuxParameters.capabilities.add', linux.capabilities?.add, 64);
  checkTexts(name, 'linuxParameters.capabilities.drop', linux.capabilities?.drop, 64);
  checkRange(name, 'linuxParameters.sharedMemorySize', linux.sharedMemorySize, 1, 100_000_000);
  checkRange(name, 'linuxParameters.maxSwap', linux.maxSwap, 0, 100_000_000);
  checkRange(name, 'linuxParameters.swappiness', linux.swappiness, 0, 100);
  for (const device of linux.devices ?? []) {
    if (!device.hostPath?.startsWith('/'))
      throw badContainer(name, "'linuxParameters.devices' need an absolute hostPath.");
    for (const permission of device.permissions ?? [])
      checkOneOf(name, 'linuxParameters.devices.permissions', permission, ['read', 'write', 'mknod']);
  }
  for (const mount of linux.tmpfs ?? []) {
    if (!mount.containerPath?.startsWith('/'))
      throw badContainer(name, "'linuxParameters.tmpfs' need an absolute containerPath.");
    checkRange(name, 'linuxParameters.tmpfs.size', mount.size ?? 0, 1, 100_000_000);
    checkTexts(name, 'linuxParameters.tmpfs.mountOptions', mount.mountOptions, 64);
  }
}

export function checkLogging(name: string, logging: LogConfiguration | undefined): void {
  if (logging === undefined) return;
  const driver: string = logging.logDriver ?? '';
  if (driver === 'awslogs' || driver === 'awsfirelens')
    throw badContainer(name, `The log driver '${driver}' is not available in Longshore yet. Use json-file.`);
  checkOneOf(name, 'logConfiguration.logDriver', driver, logDrivers);
  for (const [key, value] of Object.entries(logging.options ?? {})) {
    checkText(name, 'logConfiguration.options', key, 255);
    checkText(name, 'logConfiguration.options', value, 4096);
  }
}

export function checkUlimits(name: string, ulimits: readonly Ulimit[] | undefined): void {
  for (const ulimit of ulimits ?? []) {
    checkOneOf(name, 'ulimits.name', ulimit.name, ulimitNames);
    checkRange(name, 'ulimits.softLimit', ulimit.softLimit ?? -2, -1, 2_147_483_647);
    checkRange(name, 'ulimits.hardLimit', ulimit.hardLimit ?? -2, -1, 2_147_483_647);
  }
}

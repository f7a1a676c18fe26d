// Checks of a container's log driver and of the log router (FireLens) that it may send to.
import type { FirelensConfiguration, LogConfiguration } from '@aws-sdk/client-ecs';
import { badContainer, checkOneOf, checkText } from './limits.ts';

const logDrivers = ['json-file', 'syslog', 'journald', 'gelf', 'fluentd', 'splunk', 'awslogs', 'awsfirelens', 'none'];

/** What `awslogs` must be told, as ECS demands it for tasks on instances. */
const awslogsNeeds = ['awslogs-group', 'awslogs-region'];

function checkOptions(name: string, field: string, options: Readonly<Record<string, string>> | undefined): void {
  const given = Object.entries(options ?? {});
  if (given.length > 100) throw badContainer(name, `'${field}' has more than 100 entries.`);
  for (const [key, value] of given) {
    checkText(name, field, key, 255);
    checkText(name, field, value, 4096);
  }
}

/** Throws ClientException. */
export function checkLogging(name: string, logging: LogConfiguration | undefined): void {
  if (logging === undefined) return;
  const driver: string = logging.logDriver ?? '';
  checkOneOf(name, 'logConfiguration.logDriver', driver, logDrivers);
  checkOptions(name, 'logConfiguration.options', logging.options);
  const mode = logging.options?.['mode'];
  checkOneOf(name, "logConfiguration.options['mode']", mode, ['blocking', 'non-blocking']);
  const buffer = logging.options?.['max-buffer-size'];
  if (buffer !== undefined && (mode === 'blocking' || !/^[1-9][0-9]{0,9}[kmg]?b?$/i.test(buffer)))
    throw badContainer(name, "'max-buffer-size' must be a size (25m) and goes with mode non-blocking.");
  if (driver !== 'awslogs') return;
  const missing = awslogsNeeds.filter((key) => !logging.options?.[key]);
  if (missing.length > 0) throw badContainer(name, `Log driver awslogs requires options: ${missing.join(', ')}.`);
}

/** Throws ClientException. */
export function checkFirelens(name: string, firelens: FirelensConfiguration | undefined): void {
  if (firelens === undefined) return;
  checkOneOf(name, 'firelensConfiguration.type', firelens.type ?? '', ['fluentd', 'fluentbit']);
  checkOptions(name, 'firelensConfiguration.options', firelens.options);
  const known = ['enable-ecs-log-metadata', 'config-file-type', 'config-file-value'];
  for (const key of Object.keys(firelens.options ?? {})) checkOneOf(name, 'firelensConfiguration.options', key, known);
}

// What a task definition asks of an instance, as the attribute names that agents register for what they can do (the names
// are amazon-ecs-agent's; `requiresAttributes` of DescribeTaskDefinition in ECS).
import type { Attribute, ContainerDefinition, RegisterTaskDefinitionRequest, Volume } from '@aws-sdk/client-ecs';
import { imageRegistry } from './image.ts';
import { fetchingNeeds } from './secrets.ts';

const older = 'com.amazonaws.ecs.capability.';
const newer = 'ecs.capability.';
const api = (version: string): string => `${older}docker-remote-api.${version}`;

/** The Engine API that a log driver came with. */
const driverApis: Readonly<Record<string, string>> = {
  'json-file': '1.18',
  syslog: '1.18',
  journald: '1.19',
  awslogs: '1.19',
  gelf: '1.20',
  fluentd: '1.20',
  splunk: '1.22',
};

function loggingNeeds(container: ContainerDefinition, hasExecutionRole: boolean): string[] {
  const driver = container.logConfiguration?.logDriver;
  const router = container.firelensConfiguration;
  const source = router?.options?.['config-file-type'];
  return [
    ...(driver === undefined ? [] : [`${older}logging-driver.${driver}`, api(driverApis[driver] ?? '1.18')]),
    ...(driver === 'awslogs' && hasExecutionRole ? [`${newer}execution-role-awslogs`] : []),
    ...(router === undefined ? [] : [`${newer}firelens.${router.type}`]),
    ...(source === undefined ? [] : [`${newer}firelens.options.config.${source}`]),
  ];
}

function containerNeeds(container: ContainerDefinition, hasExecutionRole: boolean): string[] {
  const needs = [...fetchingNeeds(container), ...loggingNeeds(container, hasExecutionRole)];
  const add = (...names: string[]) => void needs.push(...names);
  const linux = container.linuxParameters;
  const options = container.dockerSecurityOptions ?? [];
  if (container.privileged) add(`${older}privileged-container`);
  if (container.healthCheck) add(`${newer}container-health-check`, api('1.24'));
  if (imageRegistry(container.image ?? '')?.account !== undefined) {
    add(`${older}ecr-auth`);
    if (hasExecutionRole) add(`${newer}execution-role-ecr-pull`);
  }
  if ((container.dependsOn?.length ?? 0) > 0) add(`${newer}container-ordering`);
  if (container.memoryReservation !== undefined) add(api('1.21'));
  if (linux?.initProcessEnabled) add(api('1.25'));
  if ((linux?.tmpfs?.length ?? 0) > 0 || linux?.sharedMemorySize !== undefined) add(api('1.22'));
  if (container.restartPolicy?.enabled) add(`${newer}container-restart-policy`);
  if (container.portMappings?.some((each) => each.containerPortRange !== undefined))
    add(`${newer}network.container-port-range`);
  if (options.some((each) => each.startsWith('apparmor'))) add(`${older}apparmor`);
  if (options.some((each) => each.startsWith('label'))) add(`${older}selinux`);
  return needs;
}

/** Where a driver is named, the Engine must have it; `local` it always has. */
function volumeNeeds(volume: Volume): string[] {
  const docker = volume.dockerVolumeConfiguration;
  if (docker === undefined) return [];
  return [`${newer}docker-plugin.${docker.driver ?? 'local'}`, api('1.25')];
}

export type TaskAsks = Pick<
  RegisterTaskDefinitionRequest,
  'cpu' | 'memory' | 'networkMode' | 'taskRoleArn' | 'executionRoleArn' | 'pidMode' | 'ipcMode'
> & { readonly volumes?: readonly Volume[] | undefined };

/** Attribute names that an instance must have, sorted, each once. */
export function requiredAttributes(containers: readonly ContainerDefinition[], task: TaskAsks): Attribute[] {
  const hasExecutionRole = Boolean(task.executionRoleArn);
  const needs = new Set([
    ...containers.flatMap((each) => containerNeeds(each, hasExecutionRole)),
    ...(task.volumes ?? []).flatMap(volumeNeeds),
  ]);
  if (task.cpu !== undefined || task.memory !== undefined) needs.add(`${newer}task-cpu-mem-limit`);
  if (task.taskRoleArn) needs.add(`${older}task-iam-role${task.networkMode === 'host' ? '-network-host' : ''}`);
  if (task.networkMode === 'awsvpc') needs.add(`${newer}task-eni`);
  if (task.pidMode !== undefined || task.ipcMode !== undefined) needs.add(`${newer}pid-ipc-namespace-sharing`);
  return [...needs].sort().map((name) => ({ name }));
}

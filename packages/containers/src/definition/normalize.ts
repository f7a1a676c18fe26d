// RegisterTaskDefinition: the whole input checked and completed, as a pure function.
import type { ContainerDefinition, RegisterTaskDefinitionRequest } from '@aws-sdk/client-ecs';
import { clientError } from '../errors.ts';
import type { DefinitionDocument } from '../definitions.ts';
import { checkName } from '../names.ts';
import { normalContainer } from './container.ts';
import { checkOrder } from './order.ts';
import { checkDefinitionConstraints } from '../placement/rules.ts';
import { requiredAttributes } from './requires.ts';
import { normalCpu, normalMemory } from './sizes.ts';
import { checkCompatibilities, checkTaskParts, compatibilitiesOf } from './task-parts.ts';
import { refuseTaskFields } from './unsupported.ts';
import { normalVolumes } from './volumes.ts';

/** ECS's bound on a task definition. */
const maxBytes = 64 * 1024;

function checkHostPorts(containers: readonly ContainerDefinition[]): void {
  const seen = new Map<string, string>();
  for (const container of containers)
    for (const { hostPort, protocol } of container.portMappings ?? []) {
      if (!hostPort) continue;
      const key = `${hostPort}/${protocol}`;
      if (seen.has(key))
        throw clientError(`The host port ${key} is mapped by '${seen.get(key)}' and '${container.name}'.`);
      seen.set(key, container.name ?? '');
    }
}

/** What the containers reserve must be there within the task's limit. */
function checkMemorySum(containers: readonly ContainerDefinition[], limit: number | undefined): void {
  const reserved = containers.reduce((sum, each) => sum + (each.memoryReservation ?? each.memory ?? 0), 0);
  if (limit !== undefined && reserved > limit)
    throw clientError("The sum of the containers' memory must not be more than the task's.");
}

/** One log router a task, and one where somebody sends logs to it. */
function checkRouter(containers: readonly ContainerDefinition[]): void {
  const routers = containers.filter((each) => each.firelensConfiguration !== undefined).length;
  if (routers > 1) throw clientError('A task definition can have one container with a firelensConfiguration.');
  if (routers === 0 && containers.some((each) => each.logConfiguration?.logDriver === 'awsfirelens'))
    throw clientError('When a log driver is awsfirelens, one container must have a firelensConfiguration.');
}

/** The document that is stored for the new revision. Throws ClientException or InvalidParameterException. */
export function normalDefinition(input: RegisterTaskDefinitionRequest): DefinitionDocument {
  checkName('Family', input.family);
  refuseTaskFields(input);
  checkTaskParts(input);
  const given = input.containerDefinitions ?? [];
  if (given.length === 0) throw clientError('Container list cannot be empty.');
  if (given.length > 10) throw clientError('A task definition can have at most 10 containers.');
  if (Buffer.byteLength(JSON.stringify(input)) > maxBytes)
    throw clientError('The task definition is larger than 64 KiB. Make it smaller.');
  const networkMode = input.networkMode ?? 'bridge';
  if (!['bridge', 'host', 'none', 'awsvpc'].includes(networkMode))
    throw clientError('networkMode must be bridge, host, none or awsvpc.');
  const cpu = normalCpu(input.cpu);
  const memory = normalMemory(input.memory);
  const sizes = { networkMode, cpu, memory };
  checkCompatibilities(input.requiresCompatibilities, sizes);
  const volumes = normalVolumes(input.volumes);
  const names = given.map((each) => each.name ?? '');
  if (new Set(names).size !== names.length) throw clientError('Container.name must be unique in the task definition.');
  const frame = {
    networkMode,
    ipcMode: input.ipcMode,
    memory: memory === undefined ? undefined : Number(memory),
    volumes: new Set(volumes.map((each) => each.name ?? '')),
    containers: new Set(names),
  };
  const containers = given.map((each) => normalContainer(each, frame));
  if (!containers.some((each) => each.essential))
    throw clientError('Invalid number of essential containers. There should be at least one essential container.');
  checkHostPorts(containers);
  checkOrder(containers);
  if (cpu !== undefined && containers.reduce((sum, each) => sum + (each.cpu ?? 0), 0) > Number(cpu))
    throw clientError("The sum of the containers' cpu must not be more than the task's.");
  checkMemorySum(containers, frame.memory);
  checkRouter(containers);
  const placementConstraints = checkDefinitionConstraints(input.placementConstraints);
  return {
    containerDefinitions: containers,
    ...(input.taskRoleArn && { taskRoleArn: input.taskRoleArn }),
    ...(input.executionRoleArn && { executionRoleArn: input.executionRoleArn }),
    networkMode,
    networkModeGiven: input.networkMode !== undefined,
    volumes,
    requiresAttributes: requiredAttributes(containers, { ...input, cpu, memory, networkMode, volumes }),
    compatibilities: compatibilitiesOf(sizes),
    ...(input.requiresCompatibilities?.length && { requiresCompatibilities: input.requiresCompatibilities }),
    ...(input.runtimePlatform && { runtimePlatform: input.runtimePlatform }),
    ...(cpu !== undefined && { cpu }),
    ...(memory !== undefined && { memory }),
    ...(input.pidMode && { pidMode: input.pidMode }),
    ...(input.ipcMode && { ipcMode: input.ipcMode }),
    ...(placementConstraints.length > 0 && { placementConstraints }),
  };
}

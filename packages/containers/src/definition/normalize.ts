// RegisterTaskDefinition: the whole input checked and completed, as a pure function.
import type { ContainerDefinition, RegisterTaskDefinitionRequest } from '@aws-sdk/client-ecs';
import { clientError } from '../errors.ts';
import type { DefinitionDocument } from '../definitions.ts';
import { checkName } from '../names.ts';
import { normalContainer } from './container.ts';
import { checkOrder } from './order.ts';
import { requiredAttributes } from './requires.ts';
import { normalCpu, normalMemory } from './sizes.ts';
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

/** The document that is stored for the new revision. Throws ClientException or InvalidParameterException. */
export function normalDefinition(input: RegisterTaskDefinitionRequest): DefinitionDocument {
  checkName('Family', input.family);
  refuseTaskFields(input);
  const given = input.containerDefinitions ?? [];
  if (given.length === 0) throw clientError('Container list cannot be empty.');
  if (given.length > 10) throw clientError('A task definition can have at most 10 containers.');
  if (Buffer.byteLength(JSON.stringify(input)) > maxBytes)
    throw clientError('The task definition is larger than 64 KiB. Make it smaller.');
  const networkMode = input.networkMode ?? 'bridge';
  if (networkMode !== 'bridge' && networkMode !== 'host' && networkMode !== 'none')
    throw clientError('networkMode must be bridge, host or none.');
  const cpu = normalCpu(input.cpu);
  const memory = normalMemory(input.memory);
  const volumes = normalVolumes(input.volumes);
  const names = given.map((each) => each.name ?? '');
  if (new Set(names).size !== names.length) throw clientError('Container.name must be unique in the task definition.');
  const frame = {
    networkMode,
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
  if ((input.placementConstraints?.length ?? 0) > 0)
    throw clientError("placementConstraints of a task definition ('memberOf') are not available in Longshore yet.");
  for (const mode of [input.pidMode, input.ipcMode])
    if (mode !== undefined && !['host', 'task', 'none'].includes(mode))
      throw clientError(`pidMode and ipcMode must be host or task (ipcMode also none), not ${mode}.`);
  return {
    containerDefinitions: containers,
    ...(input.taskRoleArn && { taskRoleArn: input.taskRoleArn }),
    ...(input.executionRoleArn && { executionRoleArn: input.executionRoleArn }),
    networkMode,
    networkModeGiven: input.networkMode !== undefined,
    volumes,
    requiresAttributes: requiredAttributes(containers, { cpu, memory }),
    compatibilities: ['EXTERNAL', 'EC2'],
    ...(input.requiresCompatibilities?.length && { requiresCompatibilities: input.requiresCompatibilities }),
    ...(input.runtimePlatform && { runtimePlatform: input.runtimePlatform }),
    ...(cpu !== undefined && { cpu }),
    ...(memory !== undefined && { memory }),
    ...(input.pidMode && { pidMode: input.pidMode }),
    ...(input.ipcMode && { ipcMode: input.ipcMode }),
  };
}

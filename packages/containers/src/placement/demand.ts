// What a task reserves, from its definition and overrides: the task's own limits where it has them, else the sum of its
// containers' (memoryReservation counts before memory, as ECS documents for placement).
import type { TaskOverride } from '@aws-sdk/client-ecs';
import type { DefinitionDocument } from '../definitions.ts';
import type { Demand } from './types.ts';

function ports(document: DefinitionDocument, protocol: 'tcp' | 'udp'): number[] {
  return document.containerDefinitions
    .flatMap((container) => container.portMappings ?? [])
    .filter((mapping) => (mapping.protocol ?? 'tcp') === protocol && (mapping.hostPort ?? 0) > 0)
    .map((mapping) => mapping.hostPort ?? 0);
}

export function demandOf(document: DefinitionDocument, overrides: TaskOverride): Demand {
  let cpu = 0;
  let memory = 0;
  for (const container of document.containerDefinitions) {
    const mine = overrides.containerOverrides?.find((each) => each.name === container.name);
    cpu += mine?.cpu ?? container.cpu ?? 0;
    memory += mine?.memoryReservation ?? mine?.memory ?? container.memoryReservation ?? container.memory ?? 0;
  }
  const taskCpu = overrides.cpu ?? document.cpu;
  const taskMemory = overrides.memory ?? document.memory;
  return {
    cpu: taskCpu === undefined ? cpu : Number(taskCpu),
    memory: taskMemory === undefined ? memory : Number(taskMemory),
    tcp: ports(document, 'tcp'),
    udp: ports(document, 'udp'),
    attributes: (document.requiresAttributes ?? []).map((each) => each.name ?? ''),
  };
}

// What a task definition asks of an instance, as the attribute names that the agent registers for its capabilities.
import type { Attribute, ContainerDefinition } from '@aws-sdk/client-ecs';
import { imageRegistry } from './image.ts';
import { fetchingNeeds } from './secrets.ts';

const prefix = 'com.amazonaws.ecs.capability.';

function containerNeeds(container: ContainerDefinition): string[] {
  const needs: string[] = fetchingNeeds(container);
  const driver = container.logConfiguration?.logDriver;
  if (driver !== undefined) needs.push(`${prefix}logging-driver.${driver}`, `${prefix}docker-remote-api.1.18`);
  if (container.privileged) needs.push(`${prefix}privileged-container`);
  if (container.healthCheck) needs.push('ecs.capability.container-health-check', `${prefix}docker-remote-api.1.24`);
  if (imageRegistry(container.image ?? '')?.account !== undefined) needs.push(`${prefix}ecr-auth`);
  if ((container.dependsOn?.length ?? 0) > 0) needs.push('ecs.capability.container-ordering');
  if (container.memoryReservation !== undefined) needs.push(`${prefix}docker-remote-api.1.21`);
  if (container.linuxParameters?.initProcessEnabled) needs.push(`${prefix}docker-remote-api.1.25`);
  if ((container.linuxParameters?.tmpfs?.length ?? 0) > 0) needs.push(`${prefix}docker-remote-api.1.22`);
  return needs;
}

/** Attribute names that an instance must have, sorted, each once. */
export function requiredAttributes(
  containers: readonly ContainerDefinition[],
  task: { readonly cpu?: string | undefined; readonly memory?: string | undefined },
): Attribute[] {
  const needs = new Set(containers.flatMap(containerNeeds));
  if (task.cpu !== undefined || task.memory !== undefined) needs.add('ecs.capability.task-cpu-mem-limit');
  return [...needs].sort().map((name) => ({ name }));
}

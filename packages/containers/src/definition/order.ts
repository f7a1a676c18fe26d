// What containers of a task wait for: conditions that can come true, and an order without a circle. Links, volumesFrom
// and dependsOn count together.
import type { ContainerDefinition } from '@aws-sdk/client-ecs';
import { clientError } from '../errors.ts';
import { badContainer, checkOneOf } from './limits.ts';

function needs(container: ContainerDefinition): string[] {
  return [
    ...(container.links ?? []).map((link) => link.split(':')[0] ?? ''),
    ...(container.volumesFrom ?? []).map((from) => from.sourceContainer ?? ''),
    ...(container.dependsOn ?? []).map((need) => need.containerName ?? ''),
  ];
}

function checkConditions(container: ContainerDefinition, byName: ReadonlyMap<string, ContainerDefinition>): void {
  const name = container.name ?? '';
  const seen = new Set<string>();
  for (const { containerName = '', condition = '' } of container.dependsOn ?? []) {
    checkOneOf(name, 'dependsOn.condition', condition, ['START', 'COMPLETE', 'SUCCESS', 'HEALTHY']);
    const target = byName.get(containerName);
    if (target === undefined || containerName === name)
      throw badContainer(name, `'dependsOn' names the unknown container '${containerName}'.`);
    if (seen.has(containerName)) throw badContainer(name, `'dependsOn' names '${containerName}' twice.`);
    seen.add(containerName);
    // When an essential container ends, the task ends: nothing could start after it.
    if ((condition === 'COMPLETE' || condition === 'SUCCESS') && (target.essential ?? true))
      throw badContainer(name, `'dependsOn' ${condition} names '${containerName}', which must not be essential.`);
    if (condition === 'HEALTHY' && (target.healthCheck === undefined || target.healthCheck.command?.[0] === 'NONE'))
      throw badContainer(name, `'dependsOn' HEALTHY names '${containerName}', which must have a health check.`);
  }
}

/** Throws ClientException if a condition cannot come true, or some containers wait for each other. */
export function checkOrder(containers: readonly ContainerDefinition[]): void {
  const byName = new Map(containers.map((each) => [each.name ?? '', each]));
  for (const container of containers) checkConditions(container, byName);
  const waiting = new Map(containers.map((each) => [each.name ?? '', new Set(needs(each))]));
  while (waiting.size > 0) {
    const ready = [...waiting].filter(([, needed]) => [...needed].every((name) => !waiting.has(name)));
    if (ready.length === 0)
      throw clientError(`Containers must not wait for each other in a circle: ${[...waiting.keys()].join(', ')}.`);
    for (const [name] of ready) waiting.delete(name);
  }
}

// The order in which containers must start: links, volumesFrom and dependsOn together must have no circle.
import type { ContainerDefinition } from '@aws-sdk/client-ecs';
import { clientError } from '../errors.ts';

function needs(container: ContainerDefinition): string[] {
  return [
    ...(container.links ?? []).map((link) => link.split(':')[0] ?? ''),
    ...(container.volumesFrom ?? []).map((from) => from.sourceContainer ?? ''),
    ...(container.dependsOn ?? []).map((need) => need.containerName ?? ''),
  ];
}

/** Throws ClientException if some containers wait for each other. */
export function checkOrder(containers: readonly ContainerDefinition[]): void {
  const waiting = new Map(containers.map((each) => [each.name ?? '', new Set(needs(each))]));
  while (waiting.size > 0) {
    const ready = [...waiting].filter(([, needed]) => [...needed].every((name) => !waiting.has(name)));
    if (ready.length === 0)
      throw clientError(`Containers must not wait for each other in a circle: ${[...waiting.keys()].join(', ')}.`);
    for (const [name] of ready) waiting.delete(name);
  }
}

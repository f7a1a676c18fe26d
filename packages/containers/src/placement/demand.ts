// What a task reserves, from its definition and overrides: the task's own limits where it has them, else the sum of its
// containers' (memoryReservation counts before memory, as ECS documents for placement); host ports, GPUs and an address.
import type { ContainerDefinition, PortMapping, ResourceRequirement, TaskOverride } from '@aws-sdk/client-ecs';
import type { DefinitionDocument } from '../definitions.ts';
import type { Demand } from './types.ts';

/** A range without a host port of its own is the Engine's to choose, but on the host's network it is what it says. */
function hostPorts(mapping: PortMapping, networkMode: string): number[] {
  if (mapping.containerPortRange === undefined) return (mapping.hostPort ?? 0) > 0 ? [mapping.hostPort ?? 0] : [];
  if (networkMode !== 'host') return [];
  const [first = 0, last = 0] = mapping.containerPortRange.split('-').map(Number);
  return Array.from({ length: Math.max(0, Math.min(last - first + 1, 100)) }, (_, i) => first + i);
}

function ports(document: DefinitionDocument, protocol: 'tcp' | 'udp'): number[] {
  // A task with a network interface of its own takes no port of the host.
  if ((document.networkMode as string) === 'awsvpc') return [];
  return document.containerDefinitions
    .flatMap((container) => container.portMappings ?? [])
    .filter((mapping) => (mapping.protocol ?? 'tcp') === protocol)
    .flatMap((mapping) => hostPorts(mapping, document.networkMode));
}

/** How many GPUs a container gets; an override counts before its definition. */
export function gpusOf(
  container: Pick<ContainerDefinition, 'resourceRequirements'>,
  override?: { readonly resourceRequirements?: readonly ResourceRequirement[] | undefined },
): number {
  const wanted = (list: readonly ResourceRequirement[] | undefined) => list?.find((each) => each.type === 'GPU')?.value;
  return Number(wanted(override?.resourceRequirements) ?? wanted(container.resourceRequirements) ?? 0);
}

export function demandOf(document: DefinitionDocument, overrides: TaskOverride): Demand {
  let cpu = 0;
  let memory = 0;
  let gpus = 0;
  for (const container of document.containerDefinitions) {
    const mine = overrides.containerOverrides?.find((each) => each.name === container.name);
    cpu += mine?.cpu ?? container.cpu ?? 0;
    memory += mine?.memoryReservation ?? mine?.memory ?? container.memoryReservation ?? container.memory ?? 0;
    gpus += gpusOf(container, mine);
  }
  const taskCpu = overrides.cpu ?? document.cpu;
  const taskMemory = overrides.memory ?? document.memory;
  return {
    cpu: taskCpu === undefined ? cpu : Number(taskCpu),
    memory: taskMemory === undefined ? memory : Number(taskMemory),
    gpus,
    tcp: ports(document, 'tcp'),
    udp: ports(document, 'udp'),
    address: (document.networkMode as string) === 'awsvpc' ? 'any' : 'none',
    attributes: (document.requiresAttributes ?? []).map((each) => each.name ?? ''),
  };
}

// Port mappings: checked and completed. In host mode the host port is the container's.
import type { PortMapping } from '@aws-sdk/client-ecs';
import { badContainer, checkOneOf, checkRange } from './limits.ts';

/** At most 100 a container, no host port twice. Throws ClientException. */
export function normalPorts(
  name: string,
  mappings: readonly PortMapping[] | undefined,
  networkMode: 'bridge' | 'host' | 'none',
): PortMapping[] {
  const given = mappings ?? [];
  if (given.length > 100) throw badContainer(name, 'At most 100 port mappings are allowed.');
  if (given.length > 0 && networkMode === 'none')
    throw badContainer(name, "Port mappings are not allowed with networkMode 'none'.");
  const seen = new Set<string>();
  return given.map((mapping) => {
    if (mapping.containerPortRange !== undefined)
      throw badContainer(name, "'containerPortRange' is not available in Longshore yet. List the ports one by one.");
    if (mapping.containerPort === undefined) throw badContainer(name, "A port mapping must have a 'containerPort'.");
    checkRange(name, 'containerPort', mapping.containerPort, 1, 65_535);
    checkRange(name, 'hostPort', mapping.hostPort, 0, 65_535);
    checkOneOf(name, 'protocol', mapping.protocol, ['tcp', 'udp']);
    const hostPort = networkMode === 'host' ? mapping.containerPort : (mapping.hostPort ?? 0);
    if (
      networkMode === 'host' &&
      mapping.hostPort !== undefined &&
      ![0, mapping.containerPort].includes(mapping.hostPort)
    )
      throw badContainer(name, "With networkMode 'host', the host port must be the container port or left out.");
    const protocol = mapping.protocol ?? 'tcp';
    if (hostPort !== 0 && seen.has(`${protocol}/${hostPort}`))
      throw badContainer(name, `The host port ${hostPort}/${protocol} is mapped twice.`);
    seen.add(`${protocol}/${hostPort}`);
    return { ...mapping, hostPort, protocol };
  });
}

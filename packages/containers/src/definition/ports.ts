// Port mappings: checked and completed. In host mode, and where the task has an address of its own, the host port is the
// container's.
import type { NetworkMode, PortMapping } from '@aws-sdk/client-ecs';
import { badContainer, checkOneOf, checkRange } from './limits.ts';

interface Range {
  readonly first: number;
  readonly last: number;
}

/** `8000-8010`; undefined if it is no range of ports. */
export function readPortRange(text: string): Range | undefined {
  const match = /^([0-9]{1,5})-([0-9]{1,5})$/.exec(text);
  const range = { first: Number(match?.[1]), last: Number(match?.[2]) };
  return range.first >= 1 && range.last <= 65_535 && range.first < range.last ? range : undefined;
}

function checkNames(name: string, mapping: PortMapping): void {
  checkOneOf(name, 'protocol', mapping.protocol, ['tcp', 'udp']);
  checkOneOf(name, 'appProtocol', mapping.appProtocol, ['http', 'http2', 'grpc']);
  if (mapping.appProtocol !== undefined && mapping.protocol === 'udp')
    throw badContainer(name, "'appProtocol' is for ports of protocol tcp.");
  if (mapping.name !== undefined && !/^[a-z0-9_][a-z0-9_-]{0,63}$/.test(mapping.name))
    throw badContainer(
      name,
      "A port mapping's 'name' must be up to 64 lower-case letters, numbers, underscores and hyphens, and not begin with a hyphen.",
    );
}

/** A range has no host port of its own: the agent picks as many ports in a row. */
function normalRange(name: string, mapping: PortMapping, networkMode: NetworkMode): PortMapping {
  if (mapping.containerPort !== undefined || mapping.hostPort !== undefined)
    throw badContainer(name, "'containerPortRange' must not be given together with 'containerPort' or 'hostPort'.");
  if (networkMode === 'host')
    throw badContainer(name, "'containerPortRange' must be used with networkMode bridge or awsvpc.");
  if (readPortRange(mapping.containerPortRange ?? '') === undefined)
    throw badContainer(name, "'containerPortRange' must be a range of ports between 1 and 65535, as 8000-8010.");
  return { ...mapping, protocol: mapping.protocol ?? 'tcp' };
}

function normalPort(name: string, mapping: PortMapping, networkMode: NetworkMode): PortMapping {
  if (mapping.containerPort === undefined)
    throw badContainer(name, "A port mapping must have a 'containerPort' or a 'containerPortRange'.");
  checkRange(name, 'containerPort', mapping.containerPort, 1, 65_535);
  checkRange(name, 'hostPort', mapping.hostPort, 0, 65_535);
  const shared = networkMode === 'host' || networkMode === 'awsvpc';
  if (shared && mapping.hostPort !== undefined && ![0, mapping.containerPort].includes(mapping.hostPort))
    throw badContainer(
      name,
      `With networkMode '${networkMode}', the host port must be the container port or left out.`,
    );
  const hostPort = shared ? mapping.containerPort : (mapping.hostPort ?? 0);
  return { ...mapping, hostPort, protocol: mapping.protocol ?? 'tcp' };
}

/** At most 100 a container, no host port twice. Throws ClientException. */
export function normalPorts(
  name: string,
  mappings: readonly PortMapping[] | undefined,
  networkMode: NetworkMode,
): PortMapping[] {
  const given = mappings ?? [];
  if (given.length > 100) throw badContainer(name, 'At most 100 port mappings are allowed.');
  if (given.length > 0 && networkMode === 'none')
    throw badContainer(name, "Port mappings are not allowed with networkMode 'none'.");
  const seen = new Set<string>();
  return given.map((mapping) => {
    checkNames(name, mapping);
    const normal =
      mapping.containerPortRange === undefined
        ? normalPort(name, mapping, networkMode)
        : normalRange(name, mapping, networkMode);
    const key = `${normal.protocol}/${normal.hostPort}`;
    if (normal.hostPort && seen.has(key)) throw badContainer(name, `The host port ${normal.hostPort} is mapped twice.`);
    seen.add(key);
    return normal;
  });
}

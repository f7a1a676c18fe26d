// Whether a container may run in a prepared namespace without anybody seeing a difference but its host name. Pure.
import type { AcsContainer, AcsTask } from '@longshore/aws';

type Json = Readonly<Record<string, unknown>>;

/** What belongs to a namespace when it is made, so that a container that asks for it needs its own (Engine API, ContainerCreate). */
const ownConfig = ['Hostname', 'Domainname', 'MacAddress', 'ExposedPorts', 'NetworkDisabled'];
const ownHostConfig = ['Dns', 'DnsOptions', 'DnsSearch', 'ExtraHosts', 'PortBindings', 'PublishAllPorts', 'UTSMode'];

function asks(text: string, fields: readonly string[]): boolean {
  const given = (text ? JSON.parse(text) : {}) as Json | null;
  return fields.some((field) => {
    const value = given?.[field];
    if (value === null || typeof value !== 'object') return Boolean(value);
    return (Array.isArray(value) ? value : Object.keys(value)).length > 0;
  });
}

function hasNetworkControls(hostConfig: string): boolean {
  const { Sysctls } = ((hostConfig ? JSON.parse(hostConfig) : {}) ?? {}) as { readonly Sysctls?: Json | null };
  return Object.keys(Sysctls ?? {}).some((name) => name.startsWith('net.'));
}

/**
 * True for a container on the default bridge that publishes no port, links to nobody, is linked to by nobody, and sets
 * nothing of its namespace itself.
 */
export function mayJoinPrepared(task: AcsTask, container: AcsContainer): boolean {
  const { config, hostConfig } = container.dockerConfig;
  return (
    (task.networkMode ?? 'bridge') === 'bridge' &&
    container.portMappings.length === 0 &&
    task.containers.every((one) => (one.links ?? []).length === 0) &&
    !asks(config, ownConfig) &&
    !asks(hostConfig, ownHostConfig) &&
    !hasNetworkControls(hostConfig)
  );
}

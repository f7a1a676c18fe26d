// A task's own network (awsvpc): one namespace for all its containers, held by a container of its own, on a bridge network of
// the Engine with the subnet that the control plane gave to this instance. Nothing here needs more than the Engine.
import type { AcsContainer, AcsTask } from '@longshore/aws';
import { errorText, type Logger } from '@longshore/base';
import type { Engine } from '../docker/engine.ts';
import { isStatus } from '../docker/errors.ts';
import { containerLabels } from '../task/names.ts';
import { pauseName } from '../task/own-network.ts';

/** The label of networks; its value says whose they are. */
export const networkLabel = 'longshore.network';

/** `10.208.3.1/24` → `10.208.3.0/24`. Subnets have a length of 24. */
function subnetOf(gateway: string): string {
  return gateway.replace(/\d+\/\d+$/, '0/24');
}

type Json = Readonly<Record<string, unknown>>;

function hostConfigOf(container: AcsContainer): Json {
  return ((container.dockerConfig.hostConfig ? JSON.parse(container.dockerConfig.hostConfig) : {}) ?? {}) as Json;
}

/** What containers ask of their namespace is given to the namespace: resolvers, and kernel settings of the network. */
export function namespaceOptions(task: AcsTask): Json {
  const asked = task.containers.map(hostConfigOf);
  const union = (field: string) => [...new Set(asked.flatMap((one) => (one[field] ?? []) as readonly string[]))];
  const sysctls = asked.flatMap((one) => Object.entries((one['Sysctls'] ?? {}) as Json));
  return {
    Dns: union('Dns'),
    DnsSearch: union('DnsSearch'),
    DnsOptions: union('DnsOptions'),
    Sysctls: Object.fromEntries(sysctls.filter(([name]) => name.startsWith('net.'))),
  };
}

/** A container's options without what belongs to its namespace. */
export function withoutNamespaceOptions(hostConfig: Json): Json {
  const { Dns: _dns, DnsSearch: _search, DnsOptions: _options, ExtraHosts: _hosts, Sysctls, ...rest } = hostConfig;
  const own = Object.entries((Sysctls ?? {}) as Json).filter(([name]) => !name.startsWith('net.'));
  return own.length > 0 ? { ...rest, Sysctls: Object.fromEntries(own) } : rest;
}

export interface TaskNetworks {
  /** The name of the Engine's network for this subnet, made if it is not there. Throws EngineError. */
  ensure(gateway: string): Promise<string>;
  /** Removes the networks of this agent that no container is on. */
  removeUnused(): Promise<void>;
}

export function createTaskNetworks(parts: {
  readonly engine: Engine;
  readonly agentId: string;
  readonly log: Logger;
}): TaskNetworks {
  const { engine, agentId, log } = parts;
  return {
    async ensure(gateway) {
      const subnet = subnetOf(gateway);
      const name = `longshore-${agentId.slice(0, 8)}-${subnet.replace('/', '-')}`;
      if (await engine.inspectNetwork(name)) return name;
      try {
        await engine.createNetwork({
          Name: name,
          CheckDuplicate: true,
          Driver: 'bridge',
          IPAM: { Driver: 'default', Config: [{ Subnet: subnet, Gateway: gateway.split('/')[0] ?? '' }] },
          Labels: { [networkLabel]: agentId },
        });
      } catch (error) {
        // Another task of this agent was quicker.
        if (!isStatus(error, 409)) throw error;
      }
      return name;
    },
    async removeUnused() {
      for (const { Id, Name } of await engine.listNetworks([`${networkLabel}=${agentId}`]))
        await engine.removeNetwork(Id).catch((error: unknown) => {
          log.debug({ network: Name, problem: errorText(error) }, 'a network is in use and stays');
        });
    },
  };
}

export interface PauseRequest {
  readonly dockerName: string;
  readonly network: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly more: Json;
  readonly hostConfig: Json;
}

/** What the holder of a task's namespace is to be. Undefined if the task was given no interface. */
export function pauseRequest(
  task: AcsTask,
  dockerName: string,
  network: string,
  owner: { readonly agentId: string; readonly instanceArn: string },
): PauseRequest | undefined {
  const given = task.elasticNetworkInterfaces?.[0];
  const address = given?.ipv4Addresses[0]?.privateAddress;
  if (!given || !address) return undefined;
  return {
    dockerName,
    network,
    labels: containerLabels(task, pauseName, owner),
    more: {
      Hostname: `ip-${address.replaceAll('.', '-')}`,
      // Engines before API 1.44 read the first, later ones the second.
      MacAddress: given.macAddress,
      NetworkingConfig: {
        EndpointsConfig: { [network]: { IPAMConfig: { IPv4Address: address }, MacAddress: given.macAddress } },
      },
    },
    hostConfig: namespaceOptions(task),
  };
}

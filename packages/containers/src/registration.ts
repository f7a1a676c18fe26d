// What a container instance registers with, checked.
import type { RegisterContainerInstanceRequest, Resource, VersionInfo } from '@aws-sdk/client-ecs';
import { invalidParameter } from './errors.ts';

export interface Registered {
  readonly cpu: number;
  readonly memory: number;
  readonly tcp: readonly number[];
  readonly udp: readonly number[];
  readonly gpuIds: readonly string[];
  readonly versionInfo: VersionInfo;
}

function amount(resources: readonly Resource[], name: string): number {
  const resource = resources.find((each) => each.name === name);
  const value = resource?.integerValue ?? resource?.longValue;
  if (value === undefined || !Number.isInteger(value) || value < 0 || value > 1_000_000_000)
    throw invalidParameter(`totalResources must have the resource ${name} with an integerValue of at least 0.`);
  return value;
}

function ports(resources: readonly Resource[], name: string): number[] {
  const values = resources.find((each) => each.name === name)?.stringSetValue ?? [];
  if (values.length > 1000) throw invalidParameter(`The resource ${name} has more than 1000 ports.`);
  return [...new Set(values)].map((text) => {
    const port = Number(text);
    if (!/^[0-9]{1,5}$/.test(text) || port < 1 || port > 65_535)
      throw invalidParameter(`The resource ${name} has the invalid port ${text.slice(0, 20)}.`);
    return port;
  });
}

function gpus(resources: readonly Resource[]): string[] {
  const ids = [...new Set(resources.find((each) => each.name === 'GPU')?.stringSetValue ?? [])];
  if (ids.length > 64) throw invalidParameter('The resource GPU has more than 64 ids.');
  if (ids.some((id) => !/^[A-Za-z0-9_.:-]{1,128}$/.test(id)))
    throw invalidParameter('The resource GPU has an invalid id.');
  return ids;
}

/** As text of at most 255 characters each. */
export function readVersions(given: VersionInfo | undefined): VersionInfo {
  const { agentVersion, agentHash, dockerVersion } = given ?? {};
  return {
    agentVersion: agentVersion?.slice(0, 255),
    agentHash: agentHash?.slice(0, 255),
    dockerVersion: dockerVersion?.slice(0, 255),
  };
}

/** What an agent says of itself when it connects (ACS query). Amazon's says it only there. */
export function versionsOfQuery(query: URLSearchParams): VersionInfo {
  const one = (name: string) => query.get(name) || undefined;
  return readVersions({
    agentVersion: one('agentVersion'),
    agentHash: one('agentHash'),
    dockerVersion: one('dockerVersion'),
  });
}

/** Throws InvalidParameterException. */
export function readRegistration(input: RegisterContainerInstanceRequest): Registered {
  const resources = input.totalResources ?? [];
  return {
    cpu: amount(resources, 'CPU'),
    memory: amount(resources, 'MEMORY'),
    tcp: ports(resources, 'PORTS'),
    udp: ports(resources, 'PORTS_UDP'),
    gpuIds: gpus(resources),
    versionInfo: readVersions(input.versionInfo),
  };
}

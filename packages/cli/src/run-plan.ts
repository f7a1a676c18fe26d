// From `longshore run`'s options to the task definition that ECS registers. Pure.
import type { RegisterTaskDefinitionCommandInput } from '@aws-sdk/client-ecs';
import type { Publish, Variable } from './run-options.ts';

export interface RunRequest {
  readonly family: string;
  readonly image: string;
  readonly command: readonly string[];
  /** Instead of the image's own. */
  readonly entryPoint?: string | undefined;
  readonly publish: readonly Publish[];
  readonly variables: readonly Variable[];
  /** Hard limit in MiB; without one the task may use more than the 128 MiB that are reserved for it. */
  readonly memory?: number | undefined;
  /** CPU units (1,024 a core). */
  readonly cpu?: number | undefined;
}

export const reservedMemoryMib = 128;

/** One essential container, on Docker's bridge network, with its output in json-file. */
export function taskDefinitionOf(request: RunRequest): RegisterTaskDefinitionCommandInput {
  const { family, image, command, entryPoint, publish, variables, memory, cpu } = request;
  return {
    family,
    networkMode: 'bridge',
    containerDefinitions: [
      {
        name: family,
        image,
        essential: true,
        ...(entryPoint === undefined ? {} : { entryPoint: [entryPoint] }),
        ...(command.length > 0 ? { command: [...command] } : {}),
        ...(memory === undefined ? { memoryReservation: reservedMemoryMib } : { memory }),
        ...(cpu === undefined ? {} : { cpu }),
        environment: variables.map(({ name, value }) => ({ name, value })),
        portMappings: publish.map(({ hostPort, containerPort, protocol }) => ({ hostPort, containerPort, protocol })),
        logConfiguration: { logDriver: 'json-file' },
      },
    ],
  };
}

const placementReasons: Readonly<Record<string, string>> = {
  'RESOURCE:MEMORY': 'no machine of the cluster has enough memory free',
  'RESOURCE:CPU': 'no machine of the cluster has enough CPU units free',
  'RESOURCE:PORTS': 'the host port is taken on every machine of the cluster',
  'RESOURCE:ENI': 'no machine of the cluster has an address free for the task',
  AGENT: 'the agent of every fitting machine is disconnected',
  ATTRIBUTE: 'no machine of the cluster has an attribute that the task requires',
  INACTIVE: 'the machine is not active in the cluster',
};

/** ECS's reason of a placement failure, in words, with what ECS adds. */
export function placementText(reason: string | undefined, detail: string | undefined): string {
  const known = placementReasons[reason ?? ''];
  const said = known === undefined ? (reason ?? 'unknown reason') : `${known} (${reason})`;
  return detail ? `${said}: ${detail}` : said;
}

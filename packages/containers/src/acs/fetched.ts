// The names of what an agent fetches for a container, in the agent protocol's form. Values never travel in a payload. Pure.
import type { ContainerDefinition, ContainerOverride, Secret } from '@aws-sdk/client-ecs';
import type { AcsContainer, AcsSecret } from '@longshore/aws';
import { parseArn } from '@longshore/base';

function acsSecret(secret: Secret, target: AcsSecret['target']): AcsSecret {
  const valueFrom = secret.valueFrom ?? '';
  const region = parseArn(valueFrom)?.region;
  return {
    name: secret.name ?? '',
    valueFrom,
    ...(region && { region }),
    provider: valueFrom.startsWith('file:') ? 'file' : 'asm',
    target,
    type: target === 'CONTAINER' ? 'ENVIRONMENT_VARIABLE' : 'BOOTSTRAP',
  };
}

/** The environment files of a launch take the place of the definition's. */
export function fetchedParts(
  container: ContainerDefinition,
  override: ContainerOverride | undefined,
): Pick<AcsContainer, 'secrets' | 'environmentFiles'> {
  const secrets = [
    ...(container.secrets ?? []).map((each) => acsSecret(each, 'CONTAINER')),
    ...(container.logConfiguration?.secretOptions ?? []).map((each) => acsSecret(each, 'LOG_DRIVER')),
  ];
  const files = override?.environmentFiles?.length ? override.environmentFiles : (container.environmentFiles ?? []);
  return {
    ...(secrets.length > 0 && { secrets }),
    ...(files.length > 0 && {
      environmentFiles: files.map((each) => ({ value: each.value ?? '', type: 's3' as const })),
    }),
  };
}

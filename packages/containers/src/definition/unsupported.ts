// Fields that ECS has and that are not honoured yet. They are refused by name: a task that runs without what its
// definition asks for would be worse than one that is refused.
import type { ContainerDefinition, RegisterTaskDefinitionRequest } from '@aws-sdk/client-ecs';
import { clientError } from '../errors.ts';
import { badContainer } from './limits.ts';

function present(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return false;
  return Array.isArray(value) ? value.length > 0 : true;
}

const containerFields = [
  'firelensConfiguration',
  'credentialSpecs',
  'resourceRequirements',
  'restartPolicy',
] as const satisfies readonly (keyof ContainerDefinition)[];

/** Throws a ClientException that names the field. A restart policy that is switched off asks for nothing. */
export function refuseContainerFields(name: string, container: ContainerDefinition): void {
  for (const field of containerFields) {
    if (!present(container[field])) continue;
    if (field === 'restartPolicy' && container.restartPolicy?.enabled === false) continue;
    throw badContainer(name, `'${field}' is not available in Longshore yet. Leave it out.`);
  }
}

const taskFields = ['proxyConfiguration', 'inferenceAccelerators', 'ephemeralStorage'] as const;

export function refuseTaskFields(input: RegisterTaskDefinitionRequest): void {
  for (const field of taskFields)
    if (present(input[field])) throw clientError(`'${field}' is not available in Longshore yet. Leave it out.`);
  if (input.enableFaultInjection) throw clientError("'enableFaultInjection' is not available in Longshore yet.");
  if (input.networkMode === 'awsvpc')
    throw clientError("networkMode 'awsvpc' is not available in Longshore yet. Use bridge, host or none.");
  if (input.requiresCompatibilities?.some((each) => each !== 'EC2' && each !== 'EXTERNAL'))
    throw clientError(
      'Longshore runs tasks on container instances: requiresCompatibilities may hold EC2 and EXTERNAL.',
    );
}

// Fields that ECS has and that are not honoured. They are refused by name: a task that runs without what its definition
// asks for would be worse than one that is refused.
import type { ContainerDefinition, RegisterTaskDefinitionRequest } from '@aws-sdk/client-ecs';
import { clientError } from '../errors.ts';
import { badContainer } from './limits.ts';

function present(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return false;
  return Array.isArray(value) ? value.length > 0 : true;
}

type ContainerRule = readonly [what: string, asked: (container: ContainerDefinition) => boolean, instead: string];

/** What agents cannot do yet. Whoever teaches them takes the line away. */
const containerRules: readonly ContainerRule[] = [
  ['firelensConfiguration', (each) => present(each.firelensConfiguration), 'Leave it out.'],
  ['awsfirelens', (each) => each.logConfiguration?.logDriver === 'awsfirelens', 'Use json-file.'],
  // For Active Directory, in domains that no agent here joins.
  ['credentialSpecs', (each) => present(each.credentialSpecs), 'Leave it out.'],
];

/** Throws a ClientException that names the field. */
export function refuseContainerFields(name: string, container: ContainerDefinition): void {
  for (const [what, asked, instead] of containerRules)
    if (asked(container)) throw badContainer(name, `'${what}' is not available in Longshore yet. ${instead}`);
}

type TaskRule = readonly [what: string, asked: (input: RegisterTaskDefinitionRequest) => boolean, instead: string];

const taskRules: readonly TaskRule[] = [
  ["pidMode 'task'", (input) => input.pidMode === 'task', 'Use host, or leave it out.'],
  ["ipcMode 'task'", (input) => input.ipcMode === 'task', 'Use host or none, or leave it out.'],
  // The rest belongs to things of Amazon's own: App Mesh, Elastic Inference, Fargate's disks, its fault injection service.
  ["'proxyConfiguration'", (input) => present(input.proxyConfiguration), 'Leave it out.'],
  ["'inferenceAccelerators'", (input) => present(input.inferenceAccelerators), 'Leave it out.'],
  ["'ephemeralStorage'", (input) => present(input.ephemeralStorage), 'It belongs to FARGATE. Leave it out.'],
  ["'enableFaultInjection'", (input) => input.enableFaultInjection === true, 'Leave it out.'],
];

/** Throws a ClientException that names the field. */
export function refuseTaskFields(input: RegisterTaskDefinitionRequest): void {
  for (const [what, asked, instead] of taskRules)
    if (asked(input)) throw clientError(`${what} is not available in Longshore yet. ${instead}`);
}

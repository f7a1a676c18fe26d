// Checks of what a task definition says beside its containers: roles, platform, namespaces, compatibilities.
import type { Compatibility, RegisterTaskDefinitionRequest, RuntimePlatform } from '@aws-sdk/client-ecs';
import { clientError } from '../errors.ts';

const rolePattern = /^(?:arn:aws[a-z-]*:iam::[0-9]{12}:role\/[\w+=,.@/-]{1,512}|[\w+=,.@-]{1,64})$/;

/** The CPU units that Fargate has, and the least and most memory in MiB with each. */
const fargateSizes: Readonly<Record<string, readonly [number, number]>> = {
  '256': [512, 2048],
  '512': [1024, 4096],
  '1024': [2048, 8192],
  '2048': [4096, 16_384],
  '4096': [8192, 30_720],
  '8192': [16_384, 61_440],
  '16384': [32_768, 122_880],
};

function checkRole(field: string, role: string | undefined): void {
  if (role !== undefined && role !== '' && !rolePattern.test(role))
    throw clientError(`${field} must be the name or the ARN of a role.`);
}

function checkPlatform(platform: RuntimePlatform | undefined): void {
  if (platform === undefined) return;
  const { cpuArchitecture, operatingSystemFamily } = platform;
  if (cpuArchitecture !== undefined && cpuArchitecture !== 'X86_64' && cpuArchitecture !== 'ARM64')
    throw clientError('runtimePlatform.cpuArchitecture must be X86_64 or ARM64.');
  if (operatingSystemFamily !== undefined && operatingSystemFamily !== 'LINUX')
    throw clientError('runtimePlatform.operatingSystemFamily must be LINUX: Longshore has no agent for others.');
}

/** Throws ClientException. */
export function checkTaskParts(input: RegisterTaskDefinitionRequest): void {
  checkRole('taskRoleArn', input.taskRoleArn);
  checkRole('executionRoleArn', input.executionRoleArn);
  checkPlatform(input.runtimePlatform);
  if (input.pidMode !== undefined && !['host', 'task'].includes(input.pidMode))
    throw clientError('pidMode must be host or task.');
  if (input.ipcMode !== undefined && !['host', 'task', 'none'].includes(input.ipcMode))
    throw clientError('ipcMode must be host, task or none.');
}

interface Sizes {
  readonly networkMode: string;
  readonly cpu: string | undefined;
  readonly memory: string | undefined;
}

function fitsFargate({ networkMode, cpu, memory }: Sizes): boolean {
  const bounds = fargateSizes[cpu ?? ''];
  return networkMode === 'awsvpc' && bounds !== undefined && Number(memory) >= bounds[0] && Number(memory) <= bounds[1];
}

/** Throws ClientException if a compatibility is asked for that the definition has not. */
export function checkCompatibilities(given: readonly Compatibility[] | undefined, sizes: Sizes): void {
  const wanted = given ?? [];
  for (const each of wanted)
    if (!['EC2', 'EXTERNAL', 'FARGATE'].includes(each))
      throw clientError(`requiresCompatibilities must hold EC2, EXTERNAL or FARGATE, not ${each}.`);
  if (wanted.length > 0 && wanted.every((each) => each === 'FARGATE'))
    throw clientError(
      'Longshore runs tasks on container instances: requiresCompatibilities must hold EC2 or EXTERNAL.',
    );
  if (wanted.includes('FARGATE') && !fitsFargate(sizes))
    throw clientError(
      'requiresCompatibilities FARGATE needs networkMode awsvpc, and a cpu and memory that Fargate has.',
    );
  if (wanted.includes('EXTERNAL') && sizes.networkMode === 'awsvpc')
    throw clientError('requiresCompatibilities EXTERNAL does not go with networkMode awsvpc.');
}

/** What the definition could run on, as ECS tells it. */
export function compatibilitiesOf(sizes: Sizes): Compatibility[] {
  if (sizes.networkMode !== 'awsvpc') return ['EXTERNAL', 'EC2'];
  return fitsFargate(sizes) ? ['EC2', 'FARGATE'] : ['EC2'];
}

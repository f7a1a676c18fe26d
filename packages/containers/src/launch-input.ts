// What RunTask and StartTask have in common: checking their input.
import type { KeyValuePair, NetworkConfiguration, TaskOverride } from '@aws-sdk/client-ecs';
import type { DefinitionRecord } from './definitions.ts';
import { invalidParameter, unsupported } from './errors.ts';
import { checkResourceRequirements } from './definition/container-parts.ts';
import { checkEnvironmentFiles } from './definition/secrets.ts';
import { readNetworkConfiguration } from './network/configuration.ts';
import { normalCpu, normalMemory } from './definition/sizes.ts';
import { type CleanTag, findTags, readTags } from './tags.ts';
import type { View } from '@longshore/store';

/** ECS's bound on the overrides of a task, as JSON. */
const maxOverrides = 8192;

interface CommonInput {
  readonly overrides?: TaskOverride | undefined;
  readonly startedBy?: string | undefined;
  readonly group?: string | undefined;
  readonly enableExecuteCommand?: boolean | undefined;
  readonly networkConfiguration?: NetworkConfiguration | undefined;
  readonly volumeConfigurations?: readonly unknown[] | undefined;
  readonly referenceId?: string | undefined;
}

const rolePattern = /^(?:arn:aws[a-z-]*:iam::[0-9]{12}:role\/[\w+=,.@/-]{1,512}|[\w+=,.@-]{1,64})$/;

export function checkStartedBy(startedBy: string | undefined): string {
  if (startedBy === undefined) return '';
  if (startedBy.length > 128 || !/^[A-Za-z0-9_\-/.]*$/.test(startedBy))
    throw invalidParameter('startedBy must be up to 128 letters, numbers, hyphens, underscores, slashes and periods.');
  return startedBy;
}

function checkGroup(group: string | undefined, family: string): string {
  if (group === undefined || group === '') return `family:${family}`;
  if (group.length > 255) throw invalidParameter('The task group must be at most 255 characters.');
  if (group.startsWith('service:'))
    throw invalidParameter("The task group prefix 'service:' is reserved for services.");
  return group;
}

function checkEnvironment(name: string, environment: readonly KeyValuePair[] | undefined): void {
  for (const each of environment ?? [])
    if (!each.name || each.name.includes('='))
      throw invalidParameter(`Override of container ${name}: environment names must not be empty or contain '='.`);
}

function checkOverrides(overrides: TaskOverride | undefined, definition: DefinitionRecord): TaskOverride {
  if (overrides === undefined) return { containerOverrides: [], inferenceAcceleratorOverrides: [] };
  if (JSON.stringify(overrides).length > maxOverrides)
    throw invalidParameter(`Overrides length must be at most ${maxOverrides} characters.`);
  const names = new Set(definition.document.containerDefinitions.map((each) => each.name));
  const seen = new Set<string>();
  for (const mine of overrides.containerOverrides ?? []) {
    const name = mine.name ?? '';
    if (!names.has(name))
      throw invalidParameter(`Override for container named ${name} is not a container in the TaskDefinition.`);
    if (seen.has(name)) throw invalidParameter(`Container ${name} is overridden twice.`);
    seen.add(name);
    checkEnvironmentFiles(name, mine.environmentFiles);
    checkResourceRequirements(name, mine.resourceRequirements);
    checkEnvironment(name, mine.environment);
    for (const [field, value, least] of [
      ['cpu', mine.cpu, 0],
      ['memory', mine.memory, 6],
      ['memoryReservation', mine.memoryReservation, 6],
    ] as const)
      if (value !== undefined && (!Number.isInteger(value) || value < least || value > 100_000_000))
        throw invalidParameter(`Override of container ${name}: ${field} must be at least ${least}.`);
  }
  for (const field of ['taskRoleArn', 'executionRoleArn'] as const)
    if (overrides[field] && !rolePattern.test(overrides[field]))
      throw invalidParameter(`overrides.${field} must be the name or the ARN of a role.`);
  if ((overrides.inferenceAcceleratorOverrides?.length ?? 0) > 0 || overrides.ephemeralStorage !== undefined)
    throw unsupported('Overriding inferenceAccelerators or ephemeralStorage');
  const cpu = normalCpu(overrides.cpu);
  const memory = normalMemory(overrides.memory);
  return { ...overrides, ...(cpu && { cpu }), ...(memory && { memory }) };
}

export interface CommonOrder {
  readonly overrides: TaskOverride;
  readonly startedBy: string;
  readonly group: string;
  readonly networkConfiguration?: NetworkConfiguration | undefined;
  readonly enableExecuteCommand?: boolean | undefined;
}

/** Throws InvalidParameterException or UnsupportedFeatureException. */
export function readCommon(input: CommonInput, definition: DefinitionRecord): CommonOrder {
  if ((input.referenceId?.length ?? 0) > 1024) throw invalidParameter('referenceId must be at most 1024 characters.');
  if ((input.volumeConfigurations?.length ?? 0) > 0) throw unsupported('Volumes configured at launch');
  const networkConfiguration = readNetworkConfiguration(input.networkConfiguration, definition);
  return {
    ...(networkConfiguration && { networkConfiguration }),
    ...(input.enableExecuteCommand && { enableExecuteCommand: true }),
    overrides: checkOverrides(input.overrides, definition),
    startedBy: checkStartedBy(input.startedBy),
    group: checkGroup(input.group, definition.family),
  };
}

export interface TagWishes {
  readonly tags: readonly CleanTag[];
  readonly propagate?: string | undefined;
  readonly managed?: Readonly<Record<string, string>> | undefined;
}

/** The tags of a new task: its own win over those of its definition; the managed `aws:ecs:` ones come last. */
export async function launchTags(view: View, definition: DefinitionRecord, wishes: TagWishes): Promise<CleanTag[]> {
  const inherited =
    wishes.propagate === 'TASK_DEFINITION' ? ((await findTags(view, [definition.arn])).get(definition.arn) ?? []) : [];
  const merged = new Map([...inherited, ...wishes.tags].map(({ key, value }) => [key, value]));
  const clean = readTags([...merged].map(([key, value]) => ({ key, value })));
  return [...clean, ...Object.entries(wishes.managed ?? {}).map(([key, value]) => ({ key, value }))];
}

// Capacity providers as callers describe them: checked and completed with ECS's defaults.
import type {
  AutoScalingGroupProvider,
  AutoScalingGroupProviderUpdate,
  ManagedScaling as Given,
} from '@aws-sdk/client-ecs';
import { clientError, invalidParameter, unsupported } from '../errors.ts';
import type { ManagedScaling, ProviderDocument } from './records.ts';

const unscaled: ManagedScaling = {
  status: 'DISABLED',
  targetCapacity: 100,
  minimumScalingStepSize: 1,
  maximumScalingStepSize: 10_000,
  instanceWarmupPeriod: 300,
};

export function checkProviderName(name: string | undefined): string {
  if (!name || !/^[A-Za-z0-9_-]{1,255}$/.test(name) || /^(?:aws|ecs|fargate)/i.test(name))
    throw invalidParameter(
      'The specified capacity provider name is invalid. Up to 255 characters are allowed, including letters (upper and ' +
        'lowercase), numbers, underscores, and hyphens. The name cannot be prefixed with "aws", "ecs", or "fargate". ' +
        'Specify a valid name and try again.',
    );
  return name;
}

function amount(what: string, value: number | undefined, usual: number, least: number, most: number): number {
  if (value === undefined) return usual;
  if (!Number.isInteger(value) || value < least || value > most)
    throw invalidParameter(`The ${what} of managed scaling must be between ${least} and ${most}.`);
  return value;
}

function onOff(what: string, value: string | undefined, usual: 'ENABLED' | 'DISABLED'): 'ENABLED' | 'DISABLED' {
  if (value === undefined) return usual;
  if (value !== 'ENABLED' && value !== 'DISABLED') throw invalidParameter(`${what} must be ENABLED or DISABLED.`);
  return value;
}

function readScaling(given: Given | undefined, before: ManagedScaling): ManagedScaling {
  if (given === undefined) return before;
  const scaling = {
    status: onOff('The status of managed scaling', given.status, 'ENABLED'),
    targetCapacity: amount('targetCapacity', given.targetCapacity, before.targetCapacity, 1, 100),
    minimumScalingStepSize: amount(
      'minimumScalingStepSize',
      given.minimumScalingStepSize,
      before.minimumScalingStepSize,
      1,
      10_000,
    ),
    maximumScalingStepSize: amount(
      'maximumScalingStepSize',
      given.maximumScalingStepSize,
      before.maximumScalingStepSize,
      1,
      10_000,
    ),
    instanceWarmupPeriod: amount(
      'instanceWarmupPeriod',
      given.instanceWarmupPeriod,
      before.instanceWarmupPeriod,
      0,
      10_000,
    ),
  };
  if (scaling.minimumScalingStepSize > scaling.maximumScalingStepSize)
    throw invalidParameter('The minimumScalingStepSize must not be above the maximumScalingStepSize.');
  return scaling;
}

function readParts(
  given: AutoScalingGroupProviderUpdate,
  before: Omit<ProviderDocument, 'autoScalingGroupArn' | 'updated'>,
) {
  const managedScaling = readScaling(given.managedScaling, before.managedScaling);
  const managedTerminationProtection = onOff(
    'managedTerminationProtection',
    given.managedTerminationProtection,
    before.managedTerminationProtection,
  );
  if (managedTerminationProtection === 'ENABLED' && managedScaling.status === 'DISABLED')
    throw invalidParameter(
      'Managed termination protection needs managed scaling. Enable it, or disable the protection.',
    );
  return {
    managedScaling,
    managedTerminationProtection,
    managedDraining: onOff('managedDraining', given.managedDraining, before.managedDraining),
  };
}

/** Throws InvalidParameterException or UnsupportedFeatureException. */
export function readNewProvider(input: {
  readonly autoScalingGroupProvider?: AutoScalingGroupProvider | undefined;
  readonly managedInstancesProvider?: unknown;
  readonly cluster?: string | undefined;
}): ProviderDocument {
  if (input.managedInstancesProvider !== undefined)
    throw unsupported('managedInstancesProvider', 'Use autoScalingGroupProvider with the name of a group of machines.');
  if (input.cluster !== undefined)
    throw invalidParameter('cluster is for providers of managed instances. Use PutClusterCapacityProviders.');
  const given = input.autoScalingGroupProvider;
  if (given === undefined) throw invalidParameter('autoScalingGroupProvider must be given.');
  const arn = given.autoScalingGroupArn ?? '';
  if (!/^[\x21-\x7e]{1,1600}$/.test(arn) || arn.endsWith('/'))
    throw clientError('The specified Auto Scaling group ARN is invalid. Specify a valid ARN and try again.');
  return {
    autoScalingGroupArn: arn,
    updated: false,
    ...readParts(given, {
      managedScaling: unscaled,
      managedTerminationProtection: 'DISABLED',
      managedDraining: 'ENABLED',
    }),
  };
}

export function readProviderUpdate(
  input: {
    readonly autoScalingGroupProvider?: AutoScalingGroupProviderUpdate | undefined;
    readonly managedInstancesProvider?: unknown;
  },
  before: ProviderDocument,
): ProviderDocument {
  if (input.managedInstancesProvider !== undefined) throw unsupported('managedInstancesProvider');
  if (input.autoScalingGroupProvider === undefined) throw invalidParameter('autoScalingGroupProvider must be given.');
  return { ...before, updated: true, ...readParts(input.autoScalingGroupProvider, before) };
}

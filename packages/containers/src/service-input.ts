// What CreateService and UpdateService have in common: checking, and what is refused for now.
import type { CreateServiceRequest, DeploymentConfiguration, UpdateServiceRequest } from '@aws-sdk/client-ecs';
import { newUuid } from '@longshore/base';
import type { DefinitionRecord } from './definitions.ts';
import { invalidParameter, unsupported } from './errors.ts';
import type { Deployment } from './services.ts';

type Both = Omit<CreateServiceRequest, 'serviceName' | 'desiredCount'> & Pick<UpdateServiceRequest, 'desiredCount'>;

/** Throws UnsupportedFeatureException or InvalidParameterException, naming the field. */
export function refuseServiceFields(input: Partial<Both>): void {
  if ((input.volumeConfigurations?.length ?? 0) > 0) throw unsupported('volumeConfigurations of a service');
  if ((input.vpcLatticeConfigurations?.length ?? 0) > 0) throw unsupported('vpcLatticeConfigurations of a service');
  if (input.serviceConnectConfiguration?.enabled) throw unsupported('Service Connect');
  if (input.enableExecuteCommand) throw unsupported('ECS Exec');
  if (input.platformVersion !== undefined) throw unsupported('platformVersion', 'It belongs to FARGATE.');
  if ((input.capacityProviderStrategy?.length ?? 0) > 0)
    throw invalidParameter('Longshore has no capacity providers. Leave capacityProviderStrategy out.');
  if (input.networkConfiguration !== undefined)
    throw invalidParameter('Network Configuration is not valid for the given networkMode of this task definition.');
  if (input.deploymentController !== undefined && input.deploymentController.type !== 'ECS')
    throw unsupported('A deployment controller other than ECS');
  if (input.availabilityZoneRebalancing === 'ENABLED') throw unsupported('availabilityZoneRebalancing');
  const grace = input.healthCheckGracePeriodSeconds;
  if (grace !== undefined && (!Number.isInteger(grace) || grace < 0 || grace > 2_147_483_647))
    throw invalidParameter('healthCheckGracePeriodSeconds must be between 0 and 2147483647.');
}

export function checkDesiredCount(count: number): number {
  if (!Number.isInteger(count) || count < 0 || count > 5000)
    throw invalidParameter('desiredCount must be between 0 and 5000.');
  return count;
}

export interface Percents {
  readonly minimumHealthyPercent: number;
  readonly maximumPercent: number;
}

/** `current` fills in what is left out. */
export function readPercents(given: DeploymentConfiguration | undefined, current: Percents): Percents {
  if (given?.deploymentCircuitBreaker?.enable) throw unsupported('The deployment circuit breaker');
  if (given?.alarms?.enable) throw unsupported('Deployment alarms');
  if (given?.strategy !== undefined && given.strategy !== 'ROLLING')
    throw unsupported(`The deployment strategy ${given.strategy}`, 'Use ROLLING.');
  if ((given?.bakeTimeInMinutes ?? 0) > 0 || (given?.lifecycleHooks?.length ?? 0) > 0)
    throw unsupported('bakeTimeInMinutes and lifecycleHooks');
  const minimumHealthyPercent = given?.minimumHealthyPercent ?? current.minimumHealthyPercent;
  const maximumPercent = given?.maximumPercent ?? current.maximumPercent;
  if (!Number.isInteger(minimumHealthyPercent) || minimumHealthyPercent < 0 || minimumHealthyPercent > 100)
    throw invalidParameter('minimumHealthyPercent must be between 0 and 100.');
  if (!Number.isInteger(maximumPercent) || maximumPercent < 100 || maximumPercent > 400)
    throw invalidParameter('maximumPercent must be between 100 and 400.');
  if (minimumHealthyPercent === 100 && maximumPercent === 100)
    throw invalidParameter(
      'Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.',
    );
  return { minimumHealthyPercent, maximumPercent };
}

export function readPropagation(propagate: string | undefined): 'TASK_DEFINITION' | 'SERVICE' | 'NONE' {
  if (propagate === undefined) return 'NONE';
  if (propagate !== 'TASK_DEFINITION' && propagate !== 'SERVICE' && propagate !== 'NONE')
    throw invalidParameter('propagateTags must be TASK_DEFINITION, SERVICE or NONE.');
  return propagate;
}

/** A primary deployment of `definition`, as ECS names them: `ecs-svc/` and nineteen digits. */
export function newDeployment(definition: DefinitionRecord, now: number): Deployment {
  const digits = BigInt(`0x${newUuid().replaceAll('-', '').slice(0, 16)}`)
    .toString()
    .padStart(19, '1')
    .slice(0, 19);
  const id = `ecs-svc/${digits}`;
  const checked = definition.document.containerDefinitions.some(
    (each) => each.essential && each.healthCheck !== undefined && each.healthCheck.command?.[0] !== 'NONE',
  );
  return {
    id,
    status: 'PRIMARY',
    definitionArn: definition.arn,
    hasHealthCheck: checked,
    createdAt: now,
    updatedAt: now,
    failedTasks: 0,
    failedRounds: 0,
    retryAt: 0,
    rolloutState: 'IN_PROGRESS',
    rolloutStateReason: `ECS deployment ${id} in progress.`,
  };
}

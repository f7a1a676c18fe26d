// What CreateService and UpdateService have in common: checking, and what is refused for now.
import type { CreateServiceRequest, UpdateServiceRequest } from '@aws-sdk/client-ecs';
import { invalidParameter, unsupported } from '../errors.ts';
import type { ServiceDocument } from './rows.ts';

type Both = Omit<CreateServiceRequest, 'serviceName' | 'desiredCount'> & Pick<UpdateServiceRequest, 'desiredCount'>;

/** Throws UnsupportedFeatureException or InvalidParameterException, naming the field. */
export function refuseServiceFields(input: Partial<Both>): void {
  if ((input.volumeConfigurations?.length ?? 0) > 0) throw unsupported('volumeConfigurations of a service');
  if ((input.vpcLatticeConfigurations?.length ?? 0) > 0) throw unsupported('vpcLatticeConfigurations of a service');
  if (input.serviceConnectConfiguration?.enabled) throw unsupported('Service Connect');
  if (input.platformVersion !== undefined) throw unsupported('platformVersion', 'It belongs to FARGATE.');
}

export function checkDesiredCount(count: number): number {
  if (!Number.isInteger(count) || count < 0 || count > 5000)
    throw invalidParameter('desiredCount must be between 0 and 5000.');
  return count;
}

/** Undefined where left out. ECS's bound is that of a signed 32-bit integer. */
export function readGracePeriod(seconds: number | undefined): number | undefined {
  if (seconds === undefined) return undefined;
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > 2_147_483_647)
    throw invalidParameter('healthCheckGracePeriodSeconds must be between 0 and 2147483647.');
  return seconds;
}

export function readPropagation(propagate: string | undefined): 'TASK_DEFINITION' | 'SERVICE' | 'NONE' {
  if (propagate === undefined) return 'NONE';
  if (propagate !== 'TASK_DEFINITION' && propagate !== 'SERVICE' && propagate !== 'NONE')
    throw invalidParameter('propagateTags must be TASK_DEFINITION, SERVICE or NONE.');
  return propagate;
}

export type Strategy = 'REPLICA' | 'DAEMON';

export function readStrategy(strategy: string | undefined): Strategy {
  if (strategy === undefined || strategy === 'REPLICA') return 'REPLICA';
  if (strategy !== 'DAEMON') throw invalidParameter('schedulingStrategy must be REPLICA or DAEMON.');
  return strategy;
}

/** ECS or EXTERNAL. CodeDeploy is a service of its own, which Longshore does not have. */
export function readController(type: string | undefined, strategy: Strategy): 'ECS' | 'EXTERNAL' {
  if (type === undefined || type === 'ECS') return 'ECS';
  if (type === 'CODE_DEPLOY') throw unsupported('The deployment controller CODE_DEPLOY', 'Use ECS or EXTERNAL.');
  if (type !== 'EXTERNAL') throw invalidParameter('The deployment controller must be ECS, CODE_DEPLOY or EXTERNAL.');
  if (strategy === 'DAEMON')
    throw invalidParameter('The DAEMON scheduling strategy is not supported with the EXTERNAL deployment controller.');
  return type;
}

/** What a DAEMON service cannot have. Throws InvalidParameterException. */
export function checkDaemon(input: Partial<Both>): void {
  if (input.desiredCount !== undefined)
    throw invalidParameter(
      'The daemon scheduling strategy does not support a desired count for services. Remove the desired count value and try again.',
    );
  if ((input.placementStrategy?.length ?? 0) > 0)
    throw invalidParameter(
      'The daemon scheduling strategy does not support a placement strategy. Remove the placement strategy and try again.',
    );
  if (input.placementConstraints?.some((each) => each.type === 'distinctInstance'))
    throw invalidParameter(
      'The daemon scheduling strategy does not support the distinctInstance placement constraint. Remove it and try again.',
    );
}

type Balanced = Pick<ServiceDocument, 'placementStrategy' | 'placementConstraints' | 'maximumPercent'> & {
  readonly schedulingStrategy?: Strategy | undefined;
  readonly deploymentController?: string | undefined;
};

/** Why such a service cannot be balanced over availability zones; undefined if it can (ECS, the conditions to use it). */
function unbalanced(service: Balanced): string | undefined {
  if (service.schedulingStrategy === 'DAEMON') return 'the DAEMON scheduling strategy';
  if (service.deploymentController === 'EXTERNAL') return 'the EXTERNAL deployment controller';
  if (service.maximumPercent <= 100) return 'a maximumPercent of 100';
  const [first] = service.placementStrategy;
  if (first !== undefined && !(first.type === 'spread' && first.field === 'attribute:ecs.availability-zone'))
    return 'a placement strategy that does not begin with spread over attribute:ecs.availability-zone';
  if (service.placementConstraints.some((each) => each.expression?.includes('ecs.availability-zone')))
    return 'a placement constraint on attribute:ecs.availability-zone';
  return undefined;
}

/** ENABLED where it is possible and nothing is said, as ECS does for new services. */
export function readBalancing(wish: string | undefined, service: Balanced): 'ENABLED' | 'DISABLED' {
  const against = unbalanced(service);
  if (wish === undefined) return against === undefined ? 'ENABLED' : 'DISABLED';
  if (wish !== 'ENABLED' && wish !== 'DISABLED')
    throw invalidParameter('availabilityZoneRebalancing must be ENABLED or DISABLED.');
  if (wish === 'ENABLED' && against !== undefined)
    throw invalidParameter(`availabilityZoneRebalancing cannot be used with ${against}.`);
  return wish;
}

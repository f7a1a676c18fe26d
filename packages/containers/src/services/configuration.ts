// A service's deployment configuration: checked, completed with what was there, and shown.
import type {
  DeploymentAlarms,
  DeploymentCircuitBreaker,
  DeploymentConfiguration,
  ServiceDeploymentAlarms,
  ServiceDeploymentCircuitBreaker,
} from '@aws-sdk/client-ecs';
import { invalidParameter, unsupported } from '../errors.ts';
import type { Strategy } from './input.ts';
import { readShifting, shapeShifting } from './strategy.ts';
import { isOpen, type Rollout } from './rollouts.ts';
import type { CircuitBreaker, ServiceDocument, WatchedAlarms } from './rows.ts';

export type Configuration = Pick<
  ServiceDocument,
  'minimumHealthyPercent' | 'maximumPercent' | 'circuitBreaker' | 'shifting' | 'alarms'
>;

/** ECS's defaults of the API; its console begins daemons with 50. */
export function usualConfiguration(strategy: Strategy): Configuration {
  return strategy === 'DAEMON'
    ? { minimumHealthyPercent: 0, maximumPercent: 100 }
    : { minimumHealthyPercent: 100, maximumPercent: 200 };
}

function readBreaker(given: DeploymentCircuitBreaker): CircuitBreaker {
  const { enable, rollback, resetOnHealthyTask, thresholdConfiguration: threshold } = given;
  if (enable === undefined || rollback === undefined)
    throw invalidParameter('deploymentCircuitBreaker must have enable and rollback.');
  if (threshold === undefined) return { enable, rollback, resetOnHealthyTask };
  const { type, value } = threshold;
  if (type !== 'COUNT' && type !== 'BOUNDED_PERCENT' && type !== 'UNBOUNDED_PERCENT')
    throw invalidParameter('The type of thresholdConfiguration must be COUNT, BOUNDED_PERCENT or UNBOUNDED_PERCENT.');
  const most = type === 'COUNT' ? 5000 : 100;
  if (value === undefined || !Number.isInteger(value) || value < 1 || value > most)
    throw invalidParameter(`The value of thresholdConfiguration must be between 1 and ${most} for ${type}.`);
  return { enable, rollback, resetOnHealthyTask, threshold: { type, value } };
}

/** Throws UnsupportedFeatureException where nobody knows of alarms. */
function readAlarms(given: DeploymentAlarms, canWatch: boolean): WatchedAlarms {
  const { alarmNames: names = [], enable, rollback } = given;
  if (enable === undefined || rollback === undefined)
    throw invalidParameter('alarms must have alarmNames, enable and rollback.');
  if (enable && !canWatch)
    throw unsupported('Deployment alarms without a Prometheus', 'Name one to the server (--prometheus URL).');
  if (enable && names.length === 0) throw invalidParameter('alarmNames must not be empty where alarms are enabled.');
  if (names.length > 10 || names.some((each) => each.length < 1 || each.length > 255))
    throw invalidParameter('alarmNames may be up to 10 names of up to 255 characters.');
  return { names, enable, rollback };
}

function checkPercents({ minimumHealthyPercent, maximumPercent }: Configuration, strategy: Strategy): void {
  if (!Number.isInteger(minimumHealthyPercent) || minimumHealthyPercent < 0 || minimumHealthyPercent > 100)
    throw invalidParameter('minimumHealthyPercent must be between 0 and 100.');
  const most = strategy === 'DAEMON' ? 200 : 400;
  if (!Number.isInteger(maximumPercent) || maximumPercent < 100 || maximumPercent > most)
    throw invalidParameter(`maximumPercent must be between 100 and ${most}.`);
  if (minimumHealthyPercent === 100 && maximumPercent === 100)
    throw invalidParameter(
      'Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.',
    );
}

/** `current` fills in what is left out. Throws InvalidParameterException or UnsupportedFeatureException. */
export function readConfiguration(
  given: DeploymentConfiguration | undefined,
  current: Configuration,
  strategy: Strategy,
  canWatch: boolean,
): Configuration {
  const shifting = readShifting(given, current.shifting);
  if (shifting !== undefined && strategy === 'DAEMON')
    throw invalidParameter(`The deployment strategy ${shifting.type} is not for the DAEMON scheduling strategy.`);
  const breaker = given?.deploymentCircuitBreaker;
  const configuration: Configuration = {
    minimumHealthyPercent: given?.minimumHealthyPercent ?? current.minimumHealthyPercent,
    maximumPercent: given?.maximumPercent ?? current.maximumPercent,
    circuitBreaker: breaker === undefined ? current.circuitBreaker : readBreaker(breaker),
    shifting,
    alarms: given?.alarms === undefined ? current.alarms : readAlarms(given.alarms, canWatch),
  };
  checkPercents(configuration, strategy);
  return configuration;
}

export function shapeConfiguration(configuration: Configuration): DeploymentConfiguration {
  const { circuitBreaker } = configuration;
  return {
    deploymentCircuitBreaker: {
      enable: circuitBreaker?.enable ?? false,
      rollback: circuitBreaker?.rollback ?? false,
      ...(circuitBreaker?.resetOnHealthyTask !== undefined && {
        resetOnHealthyTask: circuitBreaker.resetOnHealthyTask,
      }),
      ...(circuitBreaker?.threshold !== undefined && { thresholdConfiguration: { ...circuitBreaker.threshold } }),
    },
    maximumPercent: configuration.maximumPercent,
    minimumHealthyPercent: configuration.minimumHealthyPercent,
    ...(configuration.alarms !== undefined && {
      alarms: {
        alarmNames: [...configuration.alarms.names],
        enable: configuration.alarms.enable,
        rollback: configuration.alarms.rollback,
      },
    }),
    ...shapeShifting(configuration.shifting),
  };
}

/** How the circuit breaker stands to a service deployment. */
export function shapeBreaker(rollout: Rollout): ServiceDeploymentCircuitBreaker {
  if (rollout.threshold === undefined) return { status: 'DISABLED', failureCount: 0, threshold: 0 };
  const triggered = rollout.failureCount >= rollout.threshold;
  const status = triggered ? 'TRIGGERED' : isOpen(rollout) ? 'MONITORING' : 'MONITORING_COMPLETE';
  return { status, failureCount: rollout.failureCount, threshold: rollout.threshold };
}

/** How the service's alarms stand to a service deployment. */
export function shapeAlarms(rollout: Rollout, alarms: WatchedAlarms | undefined): ServiceDeploymentAlarms {
  const triggered = rollout.triggeredAlarms ?? [];
  if (!alarms?.enable) return { status: 'DISABLED', alarmNames: [], triggeredAlarmNames: [...triggered] };
  const status = triggered.length > 0 ? 'TRIGGERED' : isOpen(rollout) ? 'MONITORING' : 'MONITORING_COMPLETE';
  return { status, alarmNames: [...alarms.names], triggeredAlarmNames: [...triggered] };
}

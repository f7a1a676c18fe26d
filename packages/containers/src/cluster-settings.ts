// Settings and configuration of a cluster, checked.
import type { ClusterConfiguration, ClusterSetting } from '@aws-sdk/client-ecs';
import { invalidParameter } from './errors.ts';

/** Operations on clusters have no UnsupportedFeatureException. */
export function noServiceConnect() {
  return invalidParameter('Service Connect is not available in Longshore. Leave serviceConnectDefaults out.');
}

/** Throws InvalidParameterException. */
export function readClusterSettings(settings: readonly ClusterSetting[] | undefined): ClusterSetting[] {
  const given = settings ?? [];
  if (given.length > 1) throw invalidParameter('Settings cannot have more than 1 entry: containerInsights.');
  return given.map(({ name, value }) => {
    if (name !== 'containerInsights') throw invalidParameter('The only cluster setting is containerInsights.');
    if (value === undefined || !['enabled', 'disabled', 'enhanced'].includes(value))
      throw invalidParameter('The value of containerInsights must be enabled, disabled or enhanced.');
    return { name, value };
  });
}

/**
 * Throws InvalidParameterException. What would silently not happen (keys, a log of what is typed in an exec session) is
 * refused by name.
 */
export function readClusterConfiguration(given: ClusterConfiguration | undefined): ClusterConfiguration | undefined {
  if (given === undefined) return undefined;
  if (given.managedStorageConfiguration !== undefined)
    throw invalidParameter('managedStorageConfiguration belongs to managed storage, which Longshore does not have.');
  const exec = given.executeCommandConfiguration;
  if (exec === undefined) return {};
  if (exec.kmsKeyId)
    throw invalidParameter('executeCommandConfiguration.kmsKeyId is not available in Longshore. Leave it out.');
  const logging = exec.logging ?? 'DEFAULT';
  if (!['NONE', 'DEFAULT', 'OVERRIDE'].includes(logging))
    throw invalidParameter('executeCommandConfiguration.logging must be NONE, DEFAULT or OVERRIDE.');
  if (logging === 'OVERRIDE')
    throw invalidParameter('Logs of exec sessions are not available in Longshore: logging OVERRIDE has no effect.');
  if (exec.logConfiguration !== undefined)
    throw invalidParameter('executeCommandConfiguration.logConfiguration needs logging OVERRIDE.');
  return { executeCommandConfiguration: { logging } };
}

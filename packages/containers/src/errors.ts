// Every error of the ECS API that this package answers, in one table: code, the words, whose fault.
import { AwsError } from '@longshore/aws';

/** A parameter that is wrong in itself. */
export function invalidParameter(message: string): AwsError {
  return new AwsError('InvalidParameterException', message);
}

/** Throws InvalidParameterException for a value that the member has not. */
export function checkOneOf(member: string, value: string | undefined, known: readonly string[]): void {
  if (value !== undefined && !known.includes(value))
    throw invalidParameter(`${member} must be one of: ${known.join(', ')}.`);
}

/** A request that cannot be carried out as it is. */
export function clientError(message: string): AwsError {
  return new AwsError('ClientException', message);
}

/** Something that ECS has and Longshore does not have. */
export function unsupported(what: string, instead?: string): AwsError {
  const next = instead === undefined ? '' : ` ${instead}`;
  return new AwsError('UnsupportedFeatureException', `${what} is not available in Longshore.${next}`);
}

function fixed(code: string, message: string): () => AwsError {
  return () => new AwsError(code, message);
}

export const ecsErrors = Object.freeze({
  clusterNotFound: fixed('ClusterNotFoundException', 'Cluster not found.'),
  clusterInactive: fixed('ClusterNotFoundException', 'The referenced cluster was inactive.'),
  clusterHasInstances: fixed(
    'ClusterContainsContainerInstancesException',
    'The Cluster cannot be deleted while Container Instances are active or draining.',
  ),
  clusterHasServices: fixed(
    'ClusterContainsServicesException',
    'The Cluster cannot be deleted while Services are active.',
  ),
  clusterHasTasks: fixed('ClusterContainsTasksException', 'The Cluster cannot be deleted while Tasks are active.'),
  providerNotFound: fixed(
    'InvalidParameterException',
    'The specified capacity provider does not exist. Specify a valid name or ARN and try again.',
  ),
  serviceNotFound: fixed('ServiceNotFoundException', 'Service not found.'),
  serviceNotActive: fixed('ServiceNotActiveException', 'Service was not ACTIVE.'),
  serviceDraining: fixed('InvalidParameterException', 'Unable to Start a service that is still Draining.'),
  serviceNotIdempotent: fixed('InvalidParameterException', 'Creation of service was not idempotent.'),
  serviceScaledUp: fixed(
    'InvalidParameterException',
    'The service cannot be stopped while it is scaled above 0. Set its desired count to 0 first, or use force.',
  ),
  serviceDeploymentNotFound: fixed('ServiceDeploymentNotFoundException', 'Service deployment not found.'),
  serviceDeploymentNotStoppable: (status: string) =>
    new AwsError(
      'ConflictException',
      `The service deployment is ${status}: only one that is IN_PROGRESS can be stopped.`,
    ),
  definitionNotFound: fixed('ClientException', 'TaskDefinition not found.'),
  definitionInactive: fixed('ClientException', 'TaskDefinition is inactive'),
  definitionUndescribed: fixed('ClientException', 'Unable to describe task definition.'),
  definitionUnknown: fixed('ClientException', 'The specified task definition does not exist.'),
  taskSetNotFound: fixed('TaskSetNotFoundException', 'The specified task set was not found.'),
  taskNotFound: fixed('InvalidParameterException', 'The referenced task was not found.'),
  noInstances: fixed('InvalidParameterException', 'No Container Instances were found in your cluster.'),
  instanceNotFound: fixed('InvalidParameterException', 'The referenced container instance was not found.'),
  instanceInactive: fixed('ClientException', 'The referenced container instance is INACTIVE. Register it anew.'),
  instanceHasTasks: fixed('InvalidParameterException', 'Found running tasks on the instance.'),
  instanceChanged: fixed(
    'ClientException',
    'Container instance type changes are not supported. Its tasks hold more than the new resources; deregister the instance and register it anew.',
  ),
  agentVersionMissing: fixed(
    'MissingVersionException',
    'Amazon ECS is unable to determine the current version of the Amazon ECS container agent on the container instance.',
  ),
  noAgentUpdate: fixed(
    'NoUpdateAvailableException',
    'There is no update available for this container agent. Install the new version on its machine and start it again.',
  ),
  daemonNotFound: fixed('DaemonNotFoundException', 'Daemon not found.'),
  daemonDefinitionNotFound: fixed('ClientException', 'The specified daemon task definition does not exist.'),
  roleNotTaken: (role: string) =>
    clientError(
      `ECS was unable to assume the role '${role}' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role.`,
    ),
  execNotEnabled: fixed(
    'InvalidParameterException',
    "The execute command failed because execute command was not enabled when the task was run or the execute command agent isn't running. Wait and try again or run a new task with execute command enabled and try again.",
  ),
  targetNotConnected: fixed(
    'TargetNotConnectedException',
    'The execute command failed due to an internal error. The target is not connected: the container does not run, or its agent cannot be reached.',
  ),
  targetNotFound: fixed('TargetNotFoundException', 'The specified target was not found.'),
  resourceNotFound: fixed('ResourceNotFoundException', 'The specified resource was not found.'),
  badToken: fixed(
    'InvalidParameterException',
    'Invalid nextToken: use the one that the previous page gave, unchanged.',
  ),
  tokenConflict: (resources: readonly string[]) =>
    new AwsError(
      'ConflictException',
      'The clientToken was already used with other parameters. Use a new token, or the same parameters.',
      400,
      { resourceIds: resources },
    ),
});

// Every error of Cloud Map that is answered here, in its own codes (AWS Cloud Map API reference).
import { AwsError } from '@longshore/aws';

export const mapErrors = Object.freeze({
  invalid: (message: string) => new AwsError('InvalidInput', message),
  namespaceExists: (name: string) =>
    new AwsError('NamespaceAlreadyExists', `The namespace name '${name}' is taken, or within or above one that is.`),
  namespaceNotFound: (id: string) => new AwsError('NamespaceNotFound', `Namespace '${id.slice(0, 300)}' not found.`),
  serviceExists: (name: string) => new AwsError('ServiceAlreadyExists', `Service with name '${name}' already exists.`),
  serviceNotFound: (id: string) => new AwsError('ServiceNotFound', `Service '${id.slice(0, 300)}' not found.`),
  instanceNotFound: (id: string) => new AwsError('InstanceNotFound', `Instance '${id.slice(0, 300)}' not found.`),
  operationNotFound: () => new AwsError('OperationNotFound', 'The operation was not found.'),
  inUse: (what: string) => new AwsError('ResourceInUse', what),
  noCustomHealth: () =>
    new AwsError('CustomHealthNotFound', 'The service has no HealthCheckCustomConfig: its health cannot be set.'),
  limit: (message: string) => new AwsError('ResourceLimitExceeded', message),
  resourceNotFound: () => new AwsError('ResourceNotFoundException', 'The specified resource was not found.'),
});

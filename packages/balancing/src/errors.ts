// Every error of ELBv2 that is answered here, in its own codes (Elastic Load Balancing API reference, 2015-12-01).
import { AwsError } from '@longshore/aws';

const fixed = (code: string, message: string) => () => new AwsError(code, message);

export const elbErrors = Object.freeze({
  loadBalancerNotFound: fixed('LoadBalancerNotFound', 'One or more load balancers not found'),
  targetGroupNotFound: fixed('TargetGroupNotFound', 'One or more target groups not found'),
  listenerNotFound: fixed('ListenerNotFound', 'One or more listeners not found'),
  ruleNotFound: fixed('RuleNotFound', 'One or more rules not found'),
  duplicateLoadBalancer: (name: string) =>
    new AwsError(
      'DuplicateLoadBalancerName',
      `A load balancer with the same name '${name}' exists, but with different settings`,
    ),
  duplicateTargetGroup: (name: string) =>
    new AwsError(
      'DuplicateTargetGroupName',
      `A target group with the same name '${name}' exists, but with different settings`,
    ),
  duplicateListener: fixed('DuplicateListener', 'A listener already exists on this port for this load balancer'),
  portInUse: (address: string, port: number, why: string) =>
    new AwsError(
      'InvalidConfigurationRequest',
      `The listener cannot be bound to ${address}:${port}: ${why}. Choose another port.`,
    ),
  priorityInUse: (priority: number) => new AwsError('PriorityInUse', `Priority '${priority}' is currently in use`),
  targetGroupInUse: (arn: string) =>
    new AwsError('ResourceInUse', `Target group '${arn}' is currently in use by a listener or a rule`),
  protectedFromDeletion: (arn: string) =>
    new AwsError(
      'OperationNotPermitted',
      `Load balancer '${arn}' cannot be deleted because deletion protection is enabled`,
    ),
  defaultRule: fixed('OperationNotPermitted', 'Default rule cannot be deleted or given conditions or a priority'),
  noProxy: (message: string) => new AwsError('OperationNotPermitted', message),
  tooMany: (what: string, limit: number) =>
    new AwsError(`TooMany${what}`, `The maximum number of ${what} of ${limit} has been reached`),
  invalidTarget: (message: string) => new AwsError('InvalidTarget', message),
  unsupportedProtocol: (message: string) => new AwsError('UnsupportedProtocol', message),
  incompatible: (message: string) => new AwsError('IncompatibleProtocols', message),
  invalidConfiguration: (message: string) => new AwsError('InvalidConfigurationRequest', message),
  invalidAction: (message: string) => new AwsError('InvalidLoadBalancerAction', message),
  validation: (message: string) => new AwsError('ValidationError', message),
  tagKeysTwice: fixed('DuplicateTagKeys', 'A tag key was specified more than once'),
});

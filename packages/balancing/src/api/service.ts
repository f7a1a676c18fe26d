// The ELBv2 API: its operations as far as services, their tools and Terraform need them.
import { type AnyOperation, type AwsService, awsService } from '@longshore/aws';
import type { BalancingCore } from '../core.ts';
import { elbErrors } from '../errors.ts';
import {
  createListener,
  deleteListener,
  describeListenerAttributes,
  describeListeners,
  modifyListener,
  modifyListenerAttributes,
} from './listeners.ts';
import {
  createLoadBalancer,
  deleteLoadBalancer,
  describeLoadBalancerAttributes,
  describeLoadBalancers,
  modifyLoadBalancerAttributes,
} from './load-balancers.ts';
import { createRule, deleteRule, describeRules, modifyRule, setRulePriorities } from './rules.ts';
import { addTags, describeTags, removeTags } from './tags.ts';
import {
  createTargetGroup,
  deleteTargetGroup,
  describeTargetGroupAttributes,
  describeTargetGroups,
  modifyTargetGroup,
  modifyTargetGroupAttributes,
} from './target-groups.ts';
import { deregisterTargets, describeTargetHealth, registerTargets } from './targets.ts';

const operations: readonly ((core: BalancingCore) => AnyOperation)[] = Object.freeze([
  addTags,
  createListener,
  createLoadBalancer,
  createRule,
  createTargetGroup,
  deleteListener,
  deleteLoadBalancer,
  deleteRule,
  deleteTargetGroup,
  deregisterTargets,
  describeListenerAttributes,
  describeListeners,
  describeLoadBalancerAttributes,
  describeLoadBalancers,
  describeRules,
  describeTags,
  describeTargetGroupAttributes,
  describeTargetGroups,
  describeTargetHealth,
  modifyListener,
  modifyListenerAttributes,
  modifyLoadBalancerAttributes,
  modifyRule,
  modifyTargetGroup,
  modifyTargetGroupAttributes,
  registerTargets,
  removeTags,
  setRulePriorities,
]);

export function elbService(core: BalancingCore): AwsService {
  return awsService({
    name: 'elasticloadbalancing',
    protocol: 'query',
    version: '2015-12-01',
    xmlNamespace: 'http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/',
    missingMember: (place) => elbErrors.validation(`The required parameter '${place}' is missing`),
    operations: operations.map((make) => make(core)),
  });
}

// The nouns of load balancing: what is stored, and what other packages see.
import type { Action, RuleCondition } from '@aws-sdk/client-elastic-load-balancing-v2';

export type LoadBalancerType = 'application' | 'network';
export type Attributes = Readonly<Record<string, string>>;

export interface LoadBalancer {
  readonly arn: string;
  readonly account: string;
  readonly name: string;
  /** What its listeners are bound to. */
  readonly address: string;
  readonly type: LoadBalancerType;
  readonly scheme: 'internal' | 'internet-facing';
  readonly dnsName: string;
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  readonly attributes: Attributes;
  readonly createdAt: number;
  readonly version: number;
}

export interface HealthCheck {
  readonly enabled: boolean;
  readonly protocol: 'HTTP' | 'TCP';
  /** Undefined: the port of the target. */
  readonly port: number | undefined;
  readonly path: string;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly healthyCount: number;
  readonly unhealthyCount: number;
  /** `200`, `200,301`, `200-299`. */
  readonly matcher: string;
}

export type Protocol = 'HTTP' | 'TCP';

export interface TargetGroup {
  readonly arn: string;
  readonly account: string;
  readonly name: string;
  readonly protocol: Protocol;
  readonly port: number;
  readonly targetType: 'instance' | 'ip';
  readonly vpcId: string | undefined;
  readonly health: HealthCheck;
  readonly attributes: Attributes;
  readonly createdAt: number;
  readonly version: number;
}

export interface Listener {
  readonly arn: string;
  readonly account: string;
  readonly loadBalancerArn: string;
  readonly address: string;
  readonly port: number;
  readonly protocol: Protocol;
  readonly actions: readonly Action[];
  readonly attributes: Attributes;
  readonly version: number;
}

export interface Rule {
  readonly arn: string;
  readonly account: string;
  readonly listenerArn: string;
  readonly priority: number;
  readonly conditions: readonly RuleCondition[];
  readonly actions: readonly Action[];
  readonly version: number;
}

export type TargetCondition = 'initial' | 'healthy' | 'unhealthy' | 'draining' | 'unused';

export interface Target {
  readonly groupArn: string;
  /** An instance's id or an address, as the group's type has it. */
  readonly id: string;
  readonly port: number;
  /** The proxy's name of it; another one each time it is registered. */
  readonly name: string;
  /** The task whose target it is; '' if it was registered by hand. */
  readonly owner: string;
  readonly address: string;
  readonly state: TargetCondition;
  readonly reason: string;
  readonly registeredAt: number;
  /** Set while it drains. */
  readonly deregisteredAt: number | undefined;
}

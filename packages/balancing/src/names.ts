// Names and ARNs of load balancing.
import { randomBytes } from 'node:crypto';
import { type AccountId, formatArn, parseArn } from '@longshore/base';
import type { LoadBalancerType } from './types.ts';

/** Sixteen hexadecimal digits, as ELB ends its ARNs. */
export function newId(): string {
  return randomBytes(8).toString('hex');
}

/** What the proxy calls a target. */
export function newServerName(): string {
  return `t${randomBytes(6).toString('hex')}`;
}

const words: Readonly<Record<LoadBalancerType, string>> = { application: 'app', network: 'net' };

function elbArn(region: string, account: string, resource: string): string {
  return formatArn({ service: 'elasticloadbalancing', region, account, resource });
}

export function loadBalancerArn(region: string, account: string, type: LoadBalancerType, name: string, id: string) {
  return elbArn(region, account, `loadbalancer/${words[type]}/${name}/${id}`);
}

export function targetGroupArn(region: string, account: string, name: string, id: string): string {
  return elbArn(region, account, `targetgroup/${name}/${id}`);
}

/** `…:listener/app/NAME/LB/ID` of `…:loadbalancer/app/NAME/LB`. */
export function listenerArn(loadBalancer: string, id: string): string {
  return `${loadBalancer.replace(':loadbalancer/', ':listener/')}/${id}`;
}

/** `…:listener-rule/app/NAME/LB/LISTENER/ID`. */
export function ruleArn(listener: string, id: string): string {
  return `${listener.replace(':listener/', ':listener-rule/')}/${id}`;
}

/** The rule that stands for a listener's default actions; it is not stored. */
export function defaultRuleArn(listener: string): string {
  return ruleArn(listener, listener.slice(listener.lastIndexOf('/') + 1));
}

/** The listener whose default rule this would be; undefined if it is none. */
export function listenerOfDefaultRule(arn: string): string | undefined {
  const listener = arn.slice(0, arn.lastIndexOf('/')).replace(':listener-rule/', ':listener/');
  return defaultRuleArn(listener) === arn ? listener : undefined;
}

/** The kind that an ARN of ELB names; undefined if it is none of `account` here. */
export function kindOfArn(region: string, account: AccountId | string, arn: string): string | undefined {
  const parts = parseArn(arn);
  if (parts?.service !== 'elasticloadbalancing' || parts.region !== region || parts.account !== account)
    return undefined;
  return parts.resource.split('/')[0];
}

const namePattern = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,30}[a-zA-Z0-9])?$/;

export function isName(text: string): boolean {
  return namePattern.test(text) && !text.startsWith('internal-');
}

// What must be allowed for an operation, as resources and condition keys of the ECS service (Service Authorization
// Reference, "Actions, resources, and condition keys for Amazon Elastic Container Service").
import type { AccessRequest, CallContext } from '@longshore/aws';
import { placeOf } from './core.ts';
import { accountOfArn, clusterArnOf, ecsArn, inClusterArn } from './names.ts';

function resource(arn: string, call: CallContext) {
  return { arn, account: accountOfArn(arn, call.principal.account) };
}

/** The cluster that is meant, or the given text where it can be none of the caller's. */
function clusterText(reference: string | undefined, call: CallContext): string {
  return clusterArnOf(placeOf(call), reference) ?? (reference?.startsWith('arn:') ? reference : '*');
}

export function anyAccess(_input: unknown, call: CallContext): AccessRequest {
  return { resources: [resource('*', call)] };
}

export function clusterAccess(reference: string | undefined, call: CallContext): AccessRequest {
  const arn = clusterText(reference, call);
  return { resources: [resource(arn, call)], context: { 'ecs:cluster': arn } };
}

/** For operations on things inside a cluster; at most 100 of them, as the operation itself will check. */
export function memberAccess(
  kind: 'task' | 'container-instance' | 'service',
  cluster: string | undefined,
  references: readonly (string | undefined)[] | undefined,
  call: CallContext,
): AccessRequest {
  const clusterArn = clusterText(cluster, call);
  const given = (references ?? []).slice(0, 100).filter((each) => each !== undefined);
  if (clusterArn === '*' || given.length === 0)
    return { resources: [resource('*', call)], context: { 'ecs:cluster': clusterArn } };
  return {
    resources: given.map((each) => resource(inClusterArn(kind, clusterArn, each), call)),
    context: { 'ecs:cluster': clusterArn },
  };
}

/** For operations on things that are named by their ARNs alone; at most 100 of them, as the operation itself will check. */
export function arnsAccess(arns: readonly string[] | undefined, call: CallContext): AccessRequest {
  const given = (arns ?? []).slice(0, 100);
  return given.length === 0 ? anyAccess(arns, call) : { resources: given.map((each) => resource(each, call)) };
}

/** For RunTask and StartTask, whose resource is the task definition. */
export function definitionAccess(
  definition: string | undefined,
  cluster: string | undefined,
  call: CallContext,
): AccessRequest {
  const text = definition ?? '*';
  const arn =
    text.startsWith('arn:') || text === '*' ? text : ecsArn(placeOf(call), 'task-definition', withRevision(text));
  return { resources: [resource(arn, call)], context: { 'ecs:cluster': clusterText(cluster, call) } };
}

/** A family alone may mean any of its revisions. */
function withRevision(text: string): string {
  return text.includes(':') ? text : `${text}:*`;
}

/** For operations on capacity providers. */
export function providerAccess(
  references: readonly (string | undefined)[] | undefined,
  call: CallContext,
): AccessRequest {
  const given = (references ?? []).slice(0, 100).filter((each) => each !== undefined);
  if (given.length === 0) return { resources: [resource('*', call)] };
  const arnOf = (each: string) => (each.startsWith('arn:') ? each : ecsArn(placeOf(call), 'capacity-provider', each));
  return { resources: given.map((each) => resource(arnOf(each), call)) };
}

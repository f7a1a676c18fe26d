// Attributes of container instances, checked.
import type { Attribute } from '@aws-sdk/client-ecs';
import type { CallContext } from '@longshore/aws';
import { sql } from '@longshore/store';
import { memberAccess } from './access.ts';
import { requireCluster } from './clusters.ts';
import { type Core, placeOf } from './core.ts';
import { writeDocument } from './documents.ts';
import { ecsErrors, invalidParameter } from './errors.ts';
import { findInstances, type InstanceRecord } from './instances.ts';
import { inClusterArn } from './names.ts';

const namePattern = /^[A-Za-z0-9_.\-/\\]{1,128}$/;

/** Throws InvalidParameterException. */
export function readAttribute(attribute: Attribute): { readonly name: string; readonly value?: string } {
  const name = attribute.name ?? '';
  if (!namePattern.test(name))
    throw invalidParameter(
      `The attribute name ${name.slice(0, 40)} is invalid: up to 128 letters, numbers, hyphens, underscores, slashes and periods.`,
    );
  const { value } = attribute;
  if (value !== undefined && (value.length > 128 || /^\s|\s$/.test(value)))
    throw invalidParameter(`The value of attribute ${name} must be at most 128 characters, without space at its ends.`);
  return value === undefined ? { name } : { name, value };
}

/** At most 200, each name once (the last one counts). */
export function readAttributes(attributes: readonly Attribute[] | undefined): Attribute[] {
  const byName = new Map((attributes ?? []).map((each) => [each.name ?? '', readAttribute(each)]));
  if (byName.size > 200) throw invalidParameter('At most 200 attributes an instance are allowed.');
  return [...byName.values()];
}

/** What PutAttributes and DeleteAttributes are given, checked, by the ARN of the instance. One to ten entries. */
function attributesByTarget(
  clusterArn: string,
  attributes: readonly Attribute[] | undefined,
): Map<string, { readonly name: string; readonly value?: string }[]> {
  const given = attributes ?? [];
  if (given.length === 0) throw invalidParameter('Attributes cannot be empty.');
  if (given.length > 10) throw invalidParameter('Attributes cannot have more than 10 entries.');
  const byTarget = new Map<string, { readonly name: string; readonly value?: string }[]>();
  for (const each of given) {
    if (each.targetType !== undefined && each.targetType !== 'container-instance')
      throw invalidParameter('targetType must be container-instance.');
    if (!each.targetId) throw invalidParameter('An attribute must have a targetId.');
    const arn = inClusterArn('container-instance', clusterArn, each.targetId);
    byTarget.set(arn, [...(byTarget.get(arn) ?? []), readAttribute(each)]);
  }
  return byTarget;
}

interface AttributesInput {
  readonly cluster?: string | undefined;
  readonly attributes?: readonly Attribute[] | undefined;
}

/** What the caller of PutAttributes or DeleteAttributes must be allowed. */
export function attributeAccess(input: AttributesInput, call: CallContext) {
  const targets = input.attributes?.map((each) => each.targetId);
  return memberAccess('container-instance', input.cluster, targets, call);
}

/**
 * Changes the attributes of the instances that the input names, all or none: `change` gets an instance and what is asked of
 * it, and gives all its attributes anew. Throws TargetNotFoundException for an instance that is not in the cluster.
 */
export async function changeAttributes(
  core: Core,
  call: CallContext,
  input: AttributesInput,
  change: (instance: InstanceRecord, asked: readonly Attribute[]) => readonly Attribute[],
): Promise<void> {
  const cluster = await requireCluster(core.store, placeOf(call), input.cluster);
  const byTarget = attributesByTarget(cluster.arn, input.attributes);
  await core.store.update(async (view) => {
    const instances = await findInstances(view, [...byTarget.keys()]);
    const usable = instances.filter((each) => each.clusterArn === cluster.arn && each.status !== 'INACTIVE');
    if (usable.length !== byTarget.size) throw ecsErrors.targetNotFound();
    const steps = usable.map((instance) => ({
      sql: sql`UPDATE ecs_instances
        SET attributes = ${writeDocument(change(instance, byTarget.get(instance.arn) ?? []))}, version = version + 1
        WHERE arn = ${instance.arn} AND version = ${instance.version}`,
      expect: 1,
    }));
    return { steps, result: undefined };
  });
  core.wakeKeeper();
}

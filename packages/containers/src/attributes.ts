// Attributes of container instances, checked.
import type { Attribute } from '@aws-sdk/client-ecs';
import { invalidParameter } from './errors.ts';
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
export function attributesByTarget(
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

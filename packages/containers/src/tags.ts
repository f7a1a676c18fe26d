// Tags of every kind of resource: limits, rows and lookups.
import type { Tag } from '@aws-sdk/client-ecs';
import { type Step, sql, sqlList, type View } from '@longshore/store';
import { invalidParameter } from './errors.ts';

export interface CleanTag {
  readonly key: string;
  readonly value: string;
}

/** Checks tags against ECS's limits: 50 a resource, keys ≤128 and values ≤256 characters, no `aws:` prefix, no key twice. */
export function readTags(tags: readonly Tag[] | undefined): CleanTag[] {
  const seen = new Set<string>();
  const clean = (tags ?? []).map(({ key, value }) => {
    if (key === undefined || key === '') throw invalidParameter('A tag must have a key.');
    if (key.length > 128) throw invalidParameter(`The tag key ${key.slice(0, 32)}… is longer than 128 characters.`);
    if ((value?.length ?? 0) > 256) throw invalidParameter(`The value of tag ${key} is longer than 256 characters.`);
    if (/^aws:/i.test(key)) throw invalidParameter(`The tag key ${key} uses the reserved prefix aws:.`);
    if (seen.has(key)) throw invalidParameter(`The tag key ${key} is there twice.`);
    seen.add(key);
    return { key, value: value ?? '' };
  });
  if (clean.length > 50) throw invalidParameter('A resource can have at most 50 tags.');
  return clean;
}

export function tagSteps(resourceArn: string, tags: readonly CleanTag[]): Step[] {
  return tags.map(({ key, value }) => ({
    sql: sql`INSERT INTO ecs_tags (resource_arn, tag_key, tag_value) VALUES (${resourceArn}, ${key}, ${value})
      ON CONFLICT (resource_arn, tag_key) DO UPDATE SET tag_value = excluded.tag_value`,
  }));
}

export function forgetTagsStep(resourceArn: string): Step {
  return { sql: sql`DELETE FROM ecs_tags WHERE resource_arn = ${resourceArn}` };
}

/** The tags of each resource, in key order; a resource without tags has an empty list. */
export async function findTags(view: View, arns: readonly string[]): Promise<Map<string, CleanTag[]>> {
  const found = new Map<string, CleanTag[]>(arns.map((arn) => [arn, []]));
  if (arns.length === 0) return found;
  const rows = await view.all<{ resource_arn: string; tag_key: string; tag_value: string }>(
    sql`SELECT resource_arn, tag_key, tag_value FROM ecs_tags WHERE resource_arn IN (${sqlList(arns)})
      ORDER BY resource_arn, tag_key`,
  );
  for (const row of rows) found.get(row.resource_arn)?.push({ key: row.tag_key, value: row.tag_value });
  return found;
}

/** Tags of each resource if `include` asks for them, else undefined for all. */
export async function includedTags(
  view: View,
  include: readonly string[] | undefined,
  arns: readonly string[],
): Promise<(arn: string) => CleanTag[] | undefined> {
  if (!include?.includes('TAGS')) return () => undefined;
  const tags = await findTags(view, arns);
  return (arn) => tags.get(arn) ?? [];
}

// What the operations have in common: access, paging, tags, lookups that throw.
import type { AccessRequest, CallContext } from '@longshore/aws';
import { formatArn, parseArn } from '@longshore/base';
import { type Step, sql, sqlList, type View } from '@longshore/store';
import { elbErrors } from '../errors.ts';

/** The resources that ARNs name, for the caller's policies; what is no ARN of ELB counts as one of the caller's account. */
export function arnAccess(call: CallContext, arns: readonly (string | undefined)[]): AccessRequest {
  const { account } = call.principal;
  return { resources: arns.map((arn) => ({ arn: parseArn(arn ?? '') ? (arn ?? '') : '*', account })) };
}

/** For what is about to be made: `loadbalancer/app/NAME/*`. */
export function newAccess(call: CallContext, resource: string): AccessRequest {
  const { account } = call.principal;
  return {
    resources: [
      { arn: formatArn({ service: 'elasticloadbalancing', region: call.region, account, resource }), account },
    ],
  };
}

/** ELB has no permissions for single resources of its Describe operations. */
export function everyAccess(_input: unknown, call: CallContext): AccessRequest {
  return { resources: [{ arn: '*', account: call.principal.account }] };
}

const mostPage = 400;

/** One page of `items`, which are in a fixed order. Throws ValidationError. */
export function page<T>(
  items: readonly T[],
  given: { readonly Marker?: string | undefined; readonly PageSize?: number | undefined },
  keyOf: (item: T) => string,
): { readonly items: readonly T[]; readonly NextMarker?: string } {
  const size = given.PageSize ?? mostPage;
  if (!Number.isInteger(size) || size < 1 || size > mostPage)
    throw elbErrors.validation(`PageSize must be between 1 and ${mostPage}`);
  const after =
    given.Marker === undefined ? undefined : Buffer.from(given.Marker.slice(0, 2048), 'base64url').toString();
  if (after === '') throw elbErrors.validation('Marker is not one that a page before gave');
  const rest = after === undefined ? items : items.filter((item) => keyOf(item) > after);
  const shown = rest.slice(0, size);
  const last = shown.at(-1);
  if (rest.length <= size || last === undefined) return { items: shown };
  return { items: shown, NextMarker: Buffer.from(keyOf(last)).toString('base64url') };
}

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

const mostTags = 50;

/** Throws DuplicateTagKeys, TooManyTags or ValidationError. */
export function readTags(
  given: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] | undefined,
): Tag[] {
  const tags = (given ?? []).map(({ Key = '', Value = '' }) => ({ Key, Value }));
  for (const { Key, Value } of tags)
    if (Key === '' || Key.length > 128 || Value.length > 256 || Key.startsWith('aws:'))
      throw elbErrors.validation(
        'A tag has a key of 1 to 128 characters, not beginning with aws:, and a value of 256 at most',
      );
  if (new Set(tags.map((each) => each.Key)).size < tags.length) throw elbErrors.tagKeysTwice();
  if (tags.length > mostTags) throw elbErrors.tooMany('Tags', mostTags);
  return tags;
}

export function tagSteps(arn: string, tags: readonly Tag[]): Step[] {
  return tags.map(({ Key, Value }) => ({
    sql: sql`INSERT INTO elb_tags (resource_arn, tag_key, tag_value) VALUES (${arn}, ${Key}, ${Value})
      ON CONFLICT (resource_arn, tag_key) DO UPDATE SET tag_value = excluded.tag_value`,
  }));
}

export async function findTags(view: View, arns: readonly string[]): Promise<Map<string, Tag[]>> {
  const found = new Map<string, Tag[]>();
  if (arns.length === 0) return found;
  const rows = await view.all<{ resource_arn: string; tag_key: string; tag_value: string }>(
    sql`SELECT resource_arn, tag_key, tag_value FROM elb_tags WHERE resource_arn IN (${sqlList(arns)})
      ORDER BY resource_arn, tag_key`,
  );
  for (const row of rows)
    found.set(row.resource_arn, [...(found.get(row.resource_arn) ?? []), { Key: row.tag_key, Value: row.tag_value }]);
  return found;
}

/** How many rows an account has, against a limit. Throws TooMany…. */
export async function checkQuota(
  view: View,
  what: { readonly table: 'elb_load_balancers' | 'elb_target_groups'; readonly words: string; readonly limit: number },
  account: string,
): Promise<void> {
  const held =
    what.table === 'elb_load_balancers'
      ? sql`SELECT COUNT(*) AS n FROM elb_load_balancers WHERE account = ${account}`
      : sql`SELECT COUNT(*) AS n FROM elb_target_groups WHERE account = ${account}`;
  if (Number((await view.get<{ n: number }>(held))?.n ?? 0) >= what.limit)
    throw elbErrors.tooMany(what.words, what.limit);
}

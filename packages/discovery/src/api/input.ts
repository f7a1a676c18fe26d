// What the operations have in common: access, lookups that throw, paging, operations' receipts, tags.
import type { AccessRequest, CallContext } from '@longshore/aws';
import { newUuid } from '@longshore/base';
import { type Step, sql, type View } from '@longshore/store';
import type { DiscoveryCore } from '../core.ts';
import { mapErrors } from '../errors.ts';
import { findMapServices, findNamespaces, idOf, mapArn, type MapService, type Namespace } from '../records.ts';

export function everyAccess(_input: unknown, call: CallContext): AccessRequest {
  return { resources: [{ arn: '*', account: call.principal.account }] };
}

/** On one namespace or service, by id or ARN. */
export function ownAccess(call: CallContext, kind: 'namespace' | 'service', id: string | undefined): AccessRequest {
  const { account } = call.principal;
  return { resources: [{ arn: mapArn(call.region, account, kind, idOf(account, id ?? '', kind) || '*'), account }] };
}

export async function requireNamespace(view: View, account: string, given: string | undefined): Promise<Namespace> {
  const id = idOf(account, given ?? '', 'namespace');
  const [found] = await findNamespaces(view, sql`id = ${id} AND account = ${account}`);
  if (found === undefined) throw mapErrors.namespaceNotFound(given ?? '');
  return found;
}

export async function requireService(view: View, account: string, given: string | undefined): Promise<MapService> {
  const id = idOf(account, given ?? '', 'service');
  const [found] = await findMapServices(view, sql`id = ${id} AND account = ${account}`);
  if (found === undefined) throw mapErrors.serviceNotFound(given ?? '');
  return found;
}

const operationsKeptMs = 24 * 3600_000;

/** Cloud Map answers changes with an operation to ask for later; here it has succeeded when the change is written. */
export function receipt(
  core: DiscoveryCore,
  account: string,
  type: string,
  targets: Readonly<Record<string, string>>,
): { readonly id: string; readonly steps: readonly Step[] } {
  const id = newUuid().replaceAll('-', '').slice(0, 24);
  const now = core.clock.now();
  return {
    id,
    steps: [
      { sql: sql`DELETE FROM sd_operations WHERE created_at < ${now - operationsKeptMs}` },
      {
        sql: sql`INSERT INTO sd_operations (id, account, type, targets, created_at)
          VALUES (${id}, ${account}, ${type}, ${JSON.stringify(targets)}, ${now})`,
      },
    ],
  };
}

/** Throws InvalidInput. */
export function page<T>(
  items: readonly T[],
  given: { readonly NextToken?: string | undefined; readonly MaxResults?: number | undefined },
  keyOf: (item: T) => string,
): { readonly items: readonly T[]; readonly NextToken?: string } {
  const size = given.MaxResults ?? 100;
  if (!Number.isInteger(size) || size < 1 || size > 1000) throw mapErrors.invalid('MaxResults must be 1 to 1000.');
  const after =
    given.NextToken === undefined ? '' : Buffer.from(given.NextToken.slice(0, 2048), 'base64url').toString();
  const rest = items.filter((item) => keyOf(item) > after);
  const shown = rest.slice(0, size);
  const last = shown.at(-1);
  if (rest.length <= size || last === undefined) return { items: shown };
  return { items: shown, NextToken: Buffer.from(keyOf(last)).toString('base64url') };
}

export interface MapTag {
  readonly Key: string;
  readonly Value: string;
}

export function readTags(
  given: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] | undefined,
): MapTag[] {
  const tags = (given ?? []).map(({ Key = '', Value = '' }) => ({ Key, Value }));
  if (tags.length > 50) throw mapErrors.invalid('At most 50 tags are allowed.');
  for (const { Key, Value } of tags)
    if (Key === '' || Key.length > 128 || Value.length > 256 || Key.startsWith('aws:'))
      throw mapErrors.invalid('A tag has a key of 1 to 128 characters, not beginning with aws:, and a value of 256.');
  return tags;
}

export function tagSteps(arn: string, tags: readonly MapTag[]): Step[] {
  return tags.map(({ Key, Value }) => ({
    sql: sql`INSERT INTO sd_tags (resource_arn, tag_key, tag_value) VALUES (${arn}, ${Key}, ${Value})
      ON CONFLICT (resource_arn, tag_key) DO UPDATE SET tag_value = excluded.tag_value`,
  }));
}

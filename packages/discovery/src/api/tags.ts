// TagResource, UntagResource, ListTagsForResource: of namespaces and services.
import {
  ListTagsForResource$,
  type ListTagsForResourceRequest,
  type ListTagsForResourceResponse,
  TagResource$,
  type TagResourceRequest,
  UntagResource$,
  type UntagResourceRequest,
} from '@aws-sdk/client-servicediscovery';
import { type CallContext, operation } from '@longshore/aws';
import { sql, sqlList } from '@longshore/store';
import type { DiscoveryCore } from '../core.ts';
import { mapErrors } from '../errors.ts';
import { requireNamespace, requireService, readTags, tagSteps } from './input.ts';

function arnAccess(arn: string | undefined, call: CallContext) {
  return { resources: [{ arn: arn ?? '*', account: call.principal.account }] };
}

async function requireResource(core: DiscoveryCore, account: string, arn = ''): Promise<string> {
  const kind = arn.includes(':namespace/') ? requireNamespace : requireService;
  const found = await kind(core.store, account, arn).catch(() => undefined);
  if (found === undefined || !arn.startsWith('arn:')) throw mapErrors.resourceNotFound();
  return arn;
}

export const tagResource = (core: DiscoveryCore) =>
  operation<TagResourceRequest, object>({
    name: 'TagResource',
    schema: TagResource$,
    effect: 'write',
    access: (input, call) => arnAccess(input.ResourceARN, call),
    async handle(input, call) {
      const arn = await requireResource(core, call.principal.account, input.ResourceARN);
      await core.store.write(tagSteps(arn, readTags(input.Tags)));
      return {};
    },
  });

export const untagResource = (core: DiscoveryCore) =>
  operation<UntagResourceRequest, object>({
    name: 'UntagResource',
    schema: UntagResource$,
    effect: 'write',
    access: (input, call) => arnAccess(input.ResourceARN, call),
    async handle(input, call) {
      const arn = await requireResource(core, call.principal.account, input.ResourceARN);
      const keys = (input.TagKeys ?? []).slice(0, 200);
      if (keys.length > 0)
        await core.store.write([
          { sql: sql`DELETE FROM sd_tags WHERE resource_arn = ${arn} AND tag_key IN (${sqlList(keys)})` },
        ]);
      return {};
    },
  });

export const listTagsForResource = (core: DiscoveryCore) =>
  operation<ListTagsForResourceRequest, ListTagsForResourceResponse>({
    name: 'ListTagsForResource',
    schema: ListTagsForResource$,
    effect: 'read',
    access: (input, call) => arnAccess(input.ResourceARN, call),
    async handle(input, call) {
      const arn = await requireResource(core, call.principal.account, input.ResourceARN);
      const rows = await core.store.all<{ tag_key: string; tag_value: string }>(
        sql`SELECT tag_key, tag_value FROM sd_tags WHERE resource_arn = ${arn} ORDER BY tag_key`,
      );
      return { Tags: rows.map((row) => ({ Key: row.tag_key, Value: row.tag_value })) };
    },
  });

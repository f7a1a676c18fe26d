// TagResource, UntagResource, ListResourceTags.
import {
  ListResourceTags$,
  type ListResourceTagsRequest,
  type ListResourceTagsResponse,
  type Tag,
  TagResource$,
  type TagResourceRequest,
  UntagResource$,
  type UntagResourceRequest,
} from '@aws-sdk/client-kms';
import { sql } from '@longshore/store';
import type { KeysCore } from '../core.ts';
import { kmsErrors } from '../errors.ts';
import { changeKey, type KeyTag } from '../keys.ts';
import { keyOperation, readPage, toPage } from './kms-operation.ts';

const mostTags = 50;

/** `given` over `held`, by key. Throws TagException or LimitExceededException. */
export function mergeTags(held: readonly KeyTag[], given: readonly Tag[] | undefined): KeyTag[] {
  const merged = new Map(held.map((tag) => [tag.TagKey, tag]));
  for (const { TagKey = '', TagValue = '' } of given ?? []) {
    if (TagKey === '' || TagKey.length > 128 || TagValue.length > 256 || TagKey.startsWith('aws:')) {
      throw kmsErrors.tag(
        'A tag has a key of 1 to 128 characters, not beginning with aws:, and a value of 256 at most.',
      );
    }
    merged.set(TagKey, { TagKey, TagValue });
  }
  if (merged.size > mostTags) throw kmsErrors.limit(`A key may have ${mostTags} tags.`);
  return [...merged.values()];
}

export const tagResource = (core: KeysCore) =>
  keyOperation<TagResourceRequest, object>(core, {
    name: 'TagResource',
    schema: TagResource$,
    effect: 'write',
    ownAccountOnly: true,
    async handle(input, key) {
      await changeKey(core, key.id, (held) => ({
        set: sql`tags = ${JSON.stringify(mergeTags(held.tags, input.Tags))}`,
      }));
      return {};
    },
  });

export const untagResource = (core: KeysCore) =>
  keyOperation<UntagResourceRequest, object>(core, {
    name: 'UntagResource',
    schema: UntagResource$,
    effect: 'write',
    ownAccountOnly: true,
    async handle(input, key) {
      const gone = new Set(input.TagKeys);
      await changeKey(core, key.id, (held) => ({
        set: sql`tags = ${JSON.stringify(held.tags.filter((tag) => !gone.has(tag.TagKey)))}`,
      }));
      return {};
    },
  });

export const listResourceTags = (core: KeysCore) =>
  keyOperation<ListResourceTagsRequest, ListResourceTagsResponse>(core, {
    name: 'ListResourceTags',
    schema: ListResourceTags$,
    effect: 'read',
    ownAccountOnly: true,
    async handle(input, key) {
      const page = readPage(input);
      const after = key.tags
        .toSorted((a, b) => (a.TagKey < b.TagKey ? -1 : 1))
        .filter((tag) => tag.TagKey > page.after);
      const { items, rest } = toPage(after, page, (tag) => tag.TagKey);
      return { Tags: [...items], ...rest };
    },
  });

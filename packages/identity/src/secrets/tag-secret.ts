// secretsmanager:TagResource and UntagResource
import {
  TagResource$,
  type TagResourceRequest,
  UntagResource$,
  type UntagResourceRequest,
} from '@aws-sdk/client-secrets-manager';
import type { CallContext } from '@longshore/aws';
import { requireSecret, secretOperation, type SecretsCore, updateSecret } from './core.ts';
import { mergeSecretTags } from './input.ts';
import type { SecretTag } from './secret.ts';

async function changeTags(
  core: SecretsCore,
  input: { readonly SecretId?: string | undefined },
  call: CallContext,
  change: (held: readonly SecretTag[]) => readonly SecretTag[],
): Promise<object> {
  return core.store.update(async (view) => {
    const held = await requireSecret(core, view, input, call);
    const tags = JSON.stringify(change(JSON.parse(held.tags) as SecretTag[]));
    return { steps: [updateSecret(held, { tags, changed_at: call.now })], result: {} };
  });
}

export function tagSecret(core: SecretsCore) {
  return secretOperation<TagResourceRequest, object>(core, {
    name: 'TagResource',
    schema: TagResource$,
    effect: 'write',
    handle: (input, call) => changeTags(core, input, call, (held) => mergeSecretTags(held, input.Tags)),
  });
}

export function untagSecret(core: SecretsCore) {
  return secretOperation<UntagResourceRequest, object>(core, {
    name: 'UntagResource',
    schema: UntagResource$,
    effect: 'write',
    handle: (input, call) =>
      changeTags(core, input, call, (held) => held.filter((tag) => !input.TagKeys?.includes(tag.Key))),
  });
}

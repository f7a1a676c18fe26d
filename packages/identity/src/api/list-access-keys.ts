// iam:ListAccessKeys
import { type ListAccessKeysRequest, type ListAccessKeysResponse, ListAccessKeys$ } from '@aws-sdk/client-iam';
import { operation } from '@longshore/aws';
import { keysOf } from '../access-keys.ts';
import type { IdentityCore } from '../core.ts';
import { checkPage, toPage } from '../input.ts';
import { keyShape } from './shapes.ts';
import { targetAccess, targetUser } from './target.ts';

export function listAccessKeys(core: IdentityCore) {
  return operation<ListAccessKeysRequest, ListAccessKeysResponse>({
    name: 'ListAccessKeys',
    schema: ListAccessKeys$,
    effect: 'read',
    access: (input, call) => targetAccess(core, call, input.UserName),
    async handle(input, call) {
      const page = checkPage(input);
      const isRoot = input.UserName === undefined && call.principal.kind === 'root';
      const user = isRoot ? undefined : await targetUser(core.store, call, input.UserName);
      const keys = await keysOf(core.store, user?.id ?? call.principal.userId);
      const sorted = keys.filter((key) => key.id > page.after).sort((a, b) => (a.id < b.id ? -1 : 1));
      const { items, ...rest } = toPage(sorted, page, (key) => key.id);
      return { AccessKeyMetadata: items.map((key) => keyShape(key, user?.name)), ...rest };
    },
  });
}

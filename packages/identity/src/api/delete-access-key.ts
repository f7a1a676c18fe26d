// iam:DeleteAccessKey
import { type DeleteAccessKeyRequest, DeleteAccessKey$ } from '@aws-sdk/client-iam';
import { operation } from '@longshore/aws';
import { deleteKey } from '../access-keys.ts';
import type { IdentityCore } from '../core.ts';
import { checkAccessKeyId } from '../input.ts';
import { targetAccess, targetOwner } from './target.ts';

export function deleteAccessKey(core: IdentityCore) {
  return operation<DeleteAccessKeyRequest, object>({
    name: 'DeleteAccessKey',
    schema: DeleteAccessKey$,
    effect: 'write',
    access: (input, call) => targetAccess(core, call, input.UserName),
    async handle(input, call) {
      const id = checkAccessKeyId(input.AccessKeyId);
      await deleteKey(core, (view) => targetOwner(view, call, input.UserName), id);
      return {};
    },
  });
}

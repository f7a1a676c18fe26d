// iam:UpdateAccessKey
import { type UpdateAccessKeyRequest, UpdateAccessKey$ } from '@aws-sdk/client-iam';
import { operation } from '@longshore/aws';
import { setKeyActive } from '../access-keys.ts';
import type { IdentityCore } from '../core.ts';
import { identityErrors } from '../errors.ts';
import { checkAccessKeyId } from '../input.ts';
import { targetAccess, targetOwner } from './target.ts';

export function updateAccessKey(core: IdentityCore) {
  return operation<UpdateAccessKeyRequest, object>({
    name: 'UpdateAccessKey',
    schema: UpdateAccessKey$,
    effect: 'write',
    access: (input, call) => targetAccess(core, call, input.UserName),
    async handle(input, call) {
      const id = checkAccessKeyId(input.AccessKeyId);
      if (input.Status !== 'Active' && input.Status !== 'Inactive') {
        throw identityErrors.invalid('The specified value for status is invalid. It must be Active or Inactive.');
      }
      await setKeyActive(core, (view) => targetOwner(view, call, input.UserName), id, input.Status === 'Active');
      return {};
    },
  });
}

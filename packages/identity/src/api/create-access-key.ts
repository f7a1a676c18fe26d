// iam:CreateAccessKey
import { type CreateAccessKeyRequest, type CreateAccessKeyResponse, CreateAccessKey$ } from '@aws-sdk/client-iam';
import { operation } from '@longshore/aws';
import { createKey } from '../access-keys.ts';
import type { IdentityCore } from '../core.ts';
import { targetAccess, targetOwner, targetUser } from './target.ts';

export function createAccessKey(core: IdentityCore) {
  return operation<CreateAccessKeyRequest, CreateAccessKeyResponse>({
    name: 'CreateAccessKey',
    schema: CreateAccessKey$,
    effect: 'write',
    access: (input, call) => targetAccess(core, call, input.UserName),
    async handle(input, call) {
      const isRoot = input.UserName === undefined && call.principal.kind === 'root';
      const userName = isRoot ? 'root' : (await targetUser(core.store, call, input.UserName)).name;
      const { key, createdAt } = await createKey(core, (view) => targetOwner(view, call, input.UserName));
      return {
        AccessKey: {
          UserName: userName,
          AccessKeyId: key.accessKeyId,
          Status: 'Active',
          SecretAccessKey: key.secretAccessKey,
          CreateDate: new Date(createdAt),
        },
      };
    },
  });
}

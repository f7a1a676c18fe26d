// iam:GetUser
import { type GetUserRequest, type GetUserResponse, GetUser$ } from '@aws-sdk/client-iam';
import { type CallContext, operation } from '@longshore/aws';
import { sql } from '@longshore/store';
import type { IdentityCore } from '../core.ts';
import { userShape } from './shapes.ts';
import { targetAccess, targetUser } from './target.ts';

/** Root is no user, but GetUser without a name answers it as one, without a user name. */
async function rootShape(core: IdentityCore, call: CallContext): Promise<GetUserResponse> {
  const { account, arn, userId } = call.principal;
  const row = await core.store.get<{ created_at: number }>(
    sql`SELECT created_at FROM iam_accounts WHERE id = ${account}`,
  );
  return {
    User: { Path: '/', UserName: undefined, UserId: userId, Arn: arn, CreateDate: new Date(row?.created_at ?? 0) },
  };
}

export function getUser(core: IdentityCore) {
  return operation<GetUserRequest, GetUserResponse>({
    name: 'GetUser',
    schema: GetUser$,
    effect: 'read',
    access: (input, call) => targetAccess(core, call, input.UserName),
    async handle(input, call) {
      if (input.UserName === undefined && call.principal.kind === 'root') return rootShape(core, call);
      return { User: userShape(await targetUser(core.store, call, input.UserName)) };
    },
  });
}

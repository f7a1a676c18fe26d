// iam:CreateUser
import { type CreateUserRequest, type CreateUserResponse, CreateUser$ } from '@aws-sdk/client-iam';
import { operation } from '@longshore/aws';
import { sql } from '@longshore/store';
import type { IdentityCore } from '../core.ts';
import { identityErrors } from '../errors.ts';
import { newUserId } from '../ids.ts';
import { checkPath, checkUserName } from '../input.ts';
import { insertUser, type UserRow } from '../owners.ts';
import { userArn } from '../principals.ts';
import { servicePath } from '../service-user.ts';
import { userShape } from './shapes.ts';

const usersPerAccount = 5000;

export function createUser(core: IdentityCore) {
  return operation<CreateUserRequest, CreateUserResponse>({
    name: 'CreateUser',
    schema: CreateUser$,
    effect: 'write',
    access(input, call) {
      const arn = userArn(call.principal.account, checkPath(input.Path), checkUserName(input.UserName));
      return { resources: [{ arn, account: call.principal.account }] };
    },
    async handle(input, call) {
      const name = checkUserName(input.UserName);
      const path = checkPath(input.Path);
      const { account } = call.principal;
      // To take these silently would leave a user with more rights, or fewer marks, than was asked for.
      if (input.PermissionsBoundary !== undefined) {
        throw identityErrors.unsupported('Permissions boundaries are not supported; leave PermissionsBoundary out.');
      }
      if (input.Tags && input.Tags.length > 0) {
        throw identityErrors.unsupported('Tags of users are not supported; leave Tags out.');
      }
      // Else whoever may make users could make one, with a key, that a part of Longshore would take for its own.
      if (path.toLowerCase().startsWith(servicePath)) {
        throw identityErrors.invalid(`The path ${servicePath} is reserved for users of Longshore's own parts.`);
      }
      const user = await core.store.update(async (view) => {
        const count = await view.get<{ n: number }>(
          sql`SELECT COUNT(*) AS n FROM iam_users WHERE account = ${account}`,
        );
        if ((count?.n ?? 0) >= usersPerAccount) throw identityErrors.tooManyUsers(usersPerAccount);
        const made: UserRow = { id: newUserId(), account, name, path, created_at: call.now, version: 0 };
        return { steps: [insertUser(made, () => identityErrors.userExists(name))], result: made };
      });
      return { User: userShape(user) };
    },
  });
}

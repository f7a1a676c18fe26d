// iam:ListUsers
import { type ListUsersRequest, type ListUsersResponse, ListUsers$ } from '@aws-sdk/client-iam';
import { operation } from '@longshore/aws';
import { sql } from '@longshore/store';
import type { IdentityCore } from '../core.ts';
import { checkPage, checkPathPrefix, toPage } from '../input.ts';
import { nameKey, type UserRow } from '../owners.ts';
import { userArn } from '../principals.ts';
import { userShape } from './shapes.ts';

export function listUsers(core: IdentityCore) {
  return operation<ListUsersRequest, ListUsersResponse>({
    name: 'ListUsers',
    schema: ListUsers$,
    effect: 'read',
    access(input, call) {
      const arn = userArn(call.principal.account, checkPathPrefix(input.PathPrefix), '');
      return { resources: [{ arn, account: call.principal.account }] };
    },
    async handle(input, call) {
      const page = checkPage(input);
      const prefix = checkPathPrefix(input.PathPrefix);
      // Paths have only characters below 0x7F, so this range holds exactly those that begin with the prefix.
      const rows = await core.store.all<UserRow>(
        sql`SELECT id, account, name, path, created_at, version FROM iam_users
            WHERE account = ${call.principal.account} AND name_key > ${page.after}
              AND path >= ${prefix} AND path < ${`${prefix}\x7f`}
            ORDER BY name_key LIMIT ${page.size + 1}`,
      );
      const { items, ...rest } = toPage(rows, page, (row) => nameKey(row.name));
      return { Users: items.map(userShape), ...rest };
    },
  });
}

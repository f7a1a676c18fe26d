// ListTaskDefinitionFamilies: families by name; one is ACTIVE while it has an active revision.
import {
  ListTaskDefinitionFamilies$,
  type ListTaskDefinitionFamiliesRequest,
  type ListTaskDefinitionFamiliesResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { sql } from '@longshore/store';
import { anyAccess } from '../access.ts';
import { type Core, placeOf } from '../core.ts';
import { invalidParameter } from '../errors.ts';
import { cutPage, readPage } from '../paging.ts';

const having = {
  ACTIVE: sql`SUM(CASE WHEN status = 'ACTIVE' THEN 1 ELSE 0 END) > 0`,
  INACTIVE: sql`SUM(CASE WHEN status = 'ACTIVE' THEN 1 ELSE 0 END) = 0`,
  ALL: sql`1 = 1`,
};

export function listTaskDefinitionFamilies(core: Core) {
  return operation<ListTaskDefinitionFamiliesRequest, ListTaskDefinitionFamiliesResponse>({
    name: 'ListTaskDefinitionFamilies',
    schema: ListTaskDefinitionFamilies$,
    effect: 'read',
    access: anyAccess,
    async handle(input, call) {
      const { account } = placeOf(call);
      const prefix = input.familyPrefix ?? '';
      const status = input.status ?? 'ACTIVE';
      if (!Object.hasOwn(having, status)) throw invalidParameter('status must be ACTIVE, INACTIVE or ALL.');
      const page = readPage(input, ['ListTaskDefinitionFamilies', account, prefix, status]);
      const rows = await core.store.all<{ family: string }>(
        sql`SELECT family FROM ecs_task_definitions
          WHERE account = ${account} AND status <> 'DELETED' AND family > ${page.after} AND family >= ${prefix}
            AND family < ${`${prefix}\u{10ffff}`}
          GROUP BY family HAVING ${having[status]} ORDER BY family LIMIT ${page.limit + 1}`,
      );
      const { items, next } = cutPage(page, rows, (row) => row.family);
      return { families: items.map((row) => row.family), nextToken: next };
    },
  });
}

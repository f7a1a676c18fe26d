// ListTaskDefinitions: ARNs by family and revision, either way round.
import {
  ListTaskDefinitions$,
  type ListTaskDefinitionsRequest,
  type ListTaskDefinitionsResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { sql, sqlAnd } from '@longshore/store';
import { anyAccess } from '../access.ts';
import { type Core, placeOf } from '../core.ts';
import { invalidParameter } from '../errors.ts';
import { parseDefinitionReference } from '../names.ts';
import { cutPage, readPage } from '../paging.ts';

export function listTaskDefinitions(core: Core) {
  return operation<ListTaskDefinitionsRequest, ListTaskDefinitionsResponse>({
    name: 'ListTaskDefinitions',
    schema: ListTaskDefinitions$,
    effect: 'read',
    access: anyAccess,
    async handle(input, call) {
      const place = placeOf(call);
      const status = input.status ?? 'ACTIVE';
      const sort = input.sort ?? 'ASC';
      if (status !== 'ACTIVE' && status !== 'INACTIVE' && status !== 'DELETE_IN_PROGRESS')
        throw invalidParameter('status must be ACTIVE, INACTIVE or DELETE_IN_PROGRESS.');
      if (sort !== 'ASC' && sort !== 'DESC') throw invalidParameter('sort must be ASC or DESC.');
      const page = readPage(input, ['ListTaskDefinitions', place.account, input.familyPrefix, status, sort]);
      const conditions = [sql`account = ${place.account}`, sql`status = ${status}`];
      // As ECS does, familyPrefix here is the whole family.
      if (input.familyPrefix) conditions.push(sql`family = ${input.familyPrefix}`);
      const after = parseDefinitionReference(place, page.after);
      if (after?.revision !== undefined)
        conditions.push(
          sort === 'ASC'
            ? sql`(family > ${after.family} OR (family = ${after.family} AND revision > ${after.revision}))`
            : sql`(family < ${after.family} OR (family = ${after.family} AND revision < ${after.revision}))`,
        );
      const direction = sort === 'ASC' ? sql`family, revision` : sql`family DESC, revision DESC`;
      const rows = await core.store.all<{ arn: string }>(
        sql`SELECT arn FROM ecs_task_definitions WHERE ${sqlAnd(conditions)}
          ORDER BY ${direction} LIMIT ${page.limit + 1}`,
      );
      const { items, next } = cutPage(page, rows, (row) => row.arn);
      return { taskDefinitionArns: items.map((row) => row.arn), nextToken: next };
    },
  });
}

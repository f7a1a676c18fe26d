// logs:CreateLogGroup, DeleteLogGroup, DescribeLogGroups, PutRetentionPolicy, DeleteRetentionPolicy
import {
  CreateLogGroup$,
  type CreateLogGroupRequest,
  DeleteLogGroup$,
  type DeleteLogGroupRequest,
  DeleteRetentionPolicy$,
  type DeleteRetentionPolicyRequest,
  DescribeLogGroups$,
  type DescribeLogGroupsRequest,
  type DescribeLogGroupsResponse,
  PutRetentionPolicy$,
  type PutRetentionPolicyRequest,
} from '@aws-sdk/client-cloudwatch-logs';
import { operation } from '@longshore/aws';
import { newHexId } from '@longshore/base';
import { sql, sqlAnd } from '@longshore/store';
import { checkGroupName, groupAccess, groupArn, type LogsCore } from '../core.ts';
import { logErrors } from '../errors.ts';
import { cutPage, readPage } from '../paging.ts';
import { changeGroup, groupColumns, type GroupRow, requireGroup } from '../rows.ts';
import { mergeTags } from './tags.ts';

const groupsPerAccount = 10_000;
/** The days that CloudWatch Logs allows. */
const retentions = new Set([
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
]);

export function createLogGroup(core: LogsCore) {
  return operation<CreateLogGroupRequest, object>({
    name: 'CreateLogGroup',
    schema: CreateLogGroup$,
    effect: 'write',
    access: (input, call) => groupAccess(core, input, call),
    async handle(input, call) {
      const name = checkGroupName(input.logGroupName);
      if (input.kmsKeyId !== undefined) throw logErrors.invalid('Encryption by a key of KMS is not available.');
      if (input.logGroupClass !== undefined && input.logGroupClass !== 'STANDARD')
        throw logErrors.invalid('Only log groups of class STANDARD are available.');
      const tags = JSON.stringify(mergeTags({}, input.tags));
      const { account } = call.principal;
      await core.store.update(async (view) => {
        const held = await view.get(sql`SELECT id FROM log_groups WHERE account = ${account} AND name = ${name}`);
        if (held) throw logErrors.groupExists();
        const count = await view.get<{ n: number }>(
          sql`SELECT COUNT(*) AS n FROM log_groups WHERE account = ${account}`,
        );
        if (Number(count?.n ?? 0) >= groupsPerAccount) throw logErrors.tooMany(groupsPerAccount);
        const insert = {
          sql: sql`INSERT INTO log_groups (id, account, name, retention_days, tags, created_at, version)
            VALUES (${newHexId()}, ${account}, ${name}, ${null}, ${tags}, ${call.now}, ${1})`,
          expect: 1,
        };
        return { steps: [insert], result: undefined };
      });
      return {};
    },
  });
}

export function deleteLogGroup(core: LogsCore) {
  return operation<DeleteLogGroupRequest, object>({
    name: 'DeleteLogGroup',
    schema: DeleteLogGroup$,
    effect: 'write',
    access: (input, call) => groupAccess(core, input, call),
    async handle(input, call) {
      const group = await requireGroup(core.store, call.principal.account, checkGroupName(input.logGroupName));
      await core.store.write([
        { sql: sql`DELETE FROM log_groups WHERE id = ${group.id}` },
        { sql: sql`DELETE FROM log_streams WHERE group_id = ${group.id}` },
        { sql: sql`DELETE FROM log_segments WHERE group_id = ${group.id}` },
      ]);
      return {};
    },
  });
}

export function describeLogGroups(core: LogsCore) {
  return operation<DescribeLogGroupsRequest, DescribeLogGroupsResponse>({
    name: 'DescribeLogGroups',
    schema: DescribeLogGroups$,
    effect: 'read',
    access: (_input, call) => ({
      resources: [{ arn: groupArn(core, call.principal.account, '*'), account: call.principal.account }],
    }),
    async handle(input, call) {
      const { account } = call.principal;
      const prefix = input.logGroupNamePrefix ?? '';
      const contains = input.logGroupNamePattern?.toLowerCase();
      if (prefix !== '' && contains !== undefined)
        throw logErrors.invalid('LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.');
      const page = readPage(input, { prefix, contains });
      const shown: GroupRow[] = [];
      // Names are compared here: a LIKE would need escapes that the two databases do not share.
      for (let after = page.after, more = true; more && shown.length <= page.limit; ) {
        const conditions = [sql`account = ${account}`, sql`name > ${after}`, sql`name >= ${prefix}`];
        const rows = await core.store.all<GroupRow>(
          sql`SELECT ${groupColumns} FROM log_groups WHERE ${sqlAnd(conditions)} ORDER BY name LIMIT ${100}`,
        );
        const fitting = rows.filter((row) => row.name.startsWith(prefix));
        shown.push(...fitting.filter((row) => contains === undefined || row.name.toLowerCase().includes(contains)));
        after = rows.at(-1)?.name ?? after;
        more = rows.length === 100 && fitting.length === rows.length;
      }
      const { items, next } = cutPage(page, shown, (row) => row.name);
      const bytes = await Promise.all(items.map((row) => storedBytes(core, row)));
      return {
        logGroups: items.map((row, i) => ({
          logGroupName: row.name,
          arn: `${groupArn(core, account, row.name)}:*`,
          logGroupArn: groupArn(core, account, row.name),
          creationTime: row.created_at,
          metricFilterCount: 0,
          storedBytes: bytes[i] ?? 0,
          logGroupClass: 'STANDARD' as const,
          ...(row.retention_days !== null && { retentionInDays: Number(row.retention_days) }),
        })),
        ...(next && { nextToken: next }),
      };
    },
  });
}

async function storedBytes(core: LogsCore, group: GroupRow): Promise<number> {
  const sum = await core.store.get<{ n: number | null }>(
    sql`SELECT SUM(stored_bytes) AS n FROM log_streams WHERE group_id = ${group.id}`,
  );
  return Number(sum?.n ?? 0);
}

export function putRetentionPolicy(core: LogsCore) {
  return operation<PutRetentionPolicyRequest, object>({
    name: 'PutRetentionPolicy',
    schema: PutRetentionPolicy$,
    effect: 'write',
    access: (input, call) => groupAccess(core, input, call),
    async handle(input, call) {
      const days = input.retentionInDays ?? 0;
      if (!retentions.has(days))
        throw logErrors.invalid(`retentionInDays must be one of ${[...retentions].join(', ')}.`);
      return setRetention(core, call.principal.account, input.logGroupName, days);
    },
  });
}

export function deleteRetentionPolicy(core: LogsCore) {
  return operation<DeleteRetentionPolicyRequest, object>({
    name: 'DeleteRetentionPolicy',
    schema: DeleteRetentionPolicy$,
    effect: 'write',
    access: (input, call) => groupAccess(core, input, call),
    handle: (input, call) => setRetention(core, call.principal.account, input.logGroupName, null),
  });
}

async function setRetention(core: LogsCore, account: string, name: string | undefined, days: number | null) {
  await core.store.update(async (view) => {
    const group = await requireGroup(view, account, checkGroupName(name));
    return { steps: [changeGroup(group, { retention_days: days })], result: undefined };
  });
  return {};
}

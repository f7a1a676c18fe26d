// logs:CreateLogStream, DeleteLogStream, DescribeLogStreams
import {
  CreateLogStream$,
  type CreateLogStreamRequest,
  DeleteLogStream$,
  type DeleteLogStreamRequest,
  DescribeLogStreams$,
  type DescribeLogStreamsRequest,
  type DescribeLogStreamsResponse,
} from '@aws-sdk/client-cloudwatch-logs';
import { operation } from '@longshore/aws';
import { newHexId } from '@longshore/base';
import { type Sql, sql, sqlAnd } from '@longshore/store';
import { checkStreamName, groupAccess, groupArn, groupNameOf, type LogsCore, streamAccess } from '../core.ts';
import { logErrors } from '../errors.ts';
import { fingerprint, readToken, writeToken } from '../paging.ts';
import { groupStands, requireGroup, requireStream, streamColumns, type StreamRow } from '../rows.ts';

export function createLogStream(core: LogsCore) {
  return operation<CreateLogStreamRequest, object>({
    name: 'CreateLogStream',
    schema: CreateLogStream$,
    effect: 'write',
    access: (input, call) => streamAccess(core, input, call),
    async handle(input, call) {
      const { account } = call.principal;
      const name = checkStreamName(input.logStreamName);
      await core.store.update(async (view) => {
        const group = await requireGroup(view, account, groupNameOf(input, account));
        const held = await view.get(sql`SELECT id FROM log_streams WHERE group_id = ${group.id} AND name = ${name}`);
        if (held) throw logErrors.streamExists();
        const insert = {
          sql: sql`INSERT INTO log_streams (id, group_id, name, next_segment, stored_bytes, created_at, version)
            VALUES (${newHexId()}, ${group.id}, ${name}, ${1}, ${0}, ${call.now}, ${1})`,
          expect: 1,
        };
        return { steps: [groupStands(group), insert], result: undefined };
      });
      return {};
    },
  });
}

export function deleteLogStream(core: LogsCore) {
  return operation<DeleteLogStreamRequest, object>({
    name: 'DeleteLogStream',
    schema: DeleteLogStream$,
    effect: 'write',
    access: (input, call) => streamAccess(core, input, call),
    async handle(input, call) {
      const { account } = call.principal;
      const group = await requireGroup(core.store, account, groupNameOf(input, account));
      const stream = await requireStream(core.store, group, checkStreamName(input.logStreamName));
      await core.store.write([
        { sql: sql`DELETE FROM log_streams WHERE id = ${stream.id}` },
        { sql: sql`DELETE FROM log_segments WHERE stream_id = ${stream.id}` },
      ]);
      return {};
    },
  });
}

const number = (value: number | null) => (value === null ? undefined : Number(value));

/** Where a page begins: the key of the last stream before it, time first where that is the order. */
interface Start {
  readonly time: number;
  readonly name: string;
}

function beyond(start: Start | undefined, byTime: boolean, descending: boolean): Sql | undefined {
  if (!start) return undefined;
  const key = byTime ? sql`(COALESCE(last_event_at, 0), name)` : sql`(name, name)`;
  const last = byTime ? sql`(${start.time}, ${start.name})` : sql`(${start.name}, ${start.name})`;
  return descending ? sql`${key} < ${last}` : sql`${key} > ${last}`;
}

export function describeLogStreams(core: LogsCore) {
  return operation<DescribeLogStreamsRequest, DescribeLogStreamsResponse>({
    name: 'DescribeLogStreams',
    schema: DescribeLogStreams$,
    effect: 'read',
    access: (input, call) => groupAccess(core, input, call),
    async handle(input, call) {
      const { account } = call.principal;
      const byTime = input.orderBy === 'LastEventTime';
      const prefix = input.logStreamNamePrefix ?? '';
      if (byTime && prefix !== '') throw logErrors.invalid('Cannot order by LastEventTime with a logStreamNamePrefix.');
      const limit = input.limit ?? 50;
      if (!Number.isInteger(limit) || limit < 1 || limit > 50)
        throw logErrors.invalid('limit must be between 1 and 50.');
      const group = await requireGroup(core.store, account, groupNameOf(input, account));
      const descending = input.descending === true;
      const query = fingerprint([group.id, byTime, prefix, descending]);
      const [time, name] = input.nextToken === undefined ? [] : readToken(input.nextToken, query);
      const start = typeof time === 'number' && typeof name === 'string' ? { time, name } : undefined;
      const after = beyond(start, byTime, descending);
      const conditions = [
        sql`group_id = ${group.id}`,
        ...(after ? [after] : []),
        // The last character there is: every name that begins with the prefix sorts before it.
        ...(prefix === '' ? [] : [sql`name >= ${prefix}`, sql`name < ${`${prefix}\u{10FFFF}`}`]),
      ];
      const direction = descending ? sql`DESC` : sql`ASC`;
      const order = byTime ? sql`COALESCE(last_event_at, 0) ${direction}, name ${direction}` : sql`name ${direction}`;
      const rows = await core.store.all<StreamRow>(
        sql`SELECT ${streamColumns} FROM log_streams WHERE ${sqlAnd(conditions)} ORDER BY ${order} LIMIT ${limit + 1}`,
      );
      const shown = rows.slice(0, limit);
      const last = rows.length > limit ? shown.at(-1) : undefined;
      return {
        logStreams: shown.map((row) => ({
          logStreamName: row.name,
          arn: `${groupArn(core, account, group.name)}:log-stream:${row.name}`,
          creationTime: Number(row.created_at),
          firstEventTimestamp: number(row.first_event_at),
          lastEventTimestamp: number(row.last_event_at),
          lastIngestionTime: number(row.last_ingestion_at),
          uploadSequenceToken: String(row.next_segment),
          // CloudWatch shows 0 here since 2019.
          storedBytes: 0,
        })),
        ...(last && { nextToken: writeToken([query, Number(last.last_event_at ?? 0), last.name]) }),
      };
    },
  });
}

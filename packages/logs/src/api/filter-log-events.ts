// logs:FilterLogEvents: the events of many streams of a group, by time, that match a pattern. What `aws logs tail` reads.
import {
  FilterLogEvents$,
  type FilterLogEventsRequest,
  type FilterLogEventsResponse,
  type FilteredLogEvent,
} from '@aws-sdk/client-cloudwatch-logs';
import { operation } from '@longshore/aws';
import { type Sql, sql, sqlAnd, sqlList } from '@longshore/store';
import { checkStreamName, groupAccess, groupNameOf, type LogsCore } from '../core.ts';
import { logErrors } from '../errors.ts';
import { fingerprint, readToken, writeToken } from '../paging.ts';
import { compilePattern } from '../pattern.ts';
import { requireGroup } from '../rows.ts';
import { eventOverhead, unpackEvents } from '../segment.ts';

interface SegmentRow {
  readonly stream_id: string;
  readonly number: number;
  readonly min_time: number;
  readonly ingested_at: number;
  readonly events: Uint8Array;
  readonly name: string;
}

/** Where a page begins: event `index` of this segment. */
interface Place {
  readonly minTime: number;
  readonly stream: string;
  readonly number: number;
  readonly index: number;
}

const mostBytes = 1_048_576;
const mostEvents = 10_000;
const segmentsAtOnce = 8;
/** A page ends after so much was looked at, whether it matched or not: the caller comes again. */
const mostSegments = 200;

function readPlace(token: string | undefined, query: string): Place | undefined {
  if (token === undefined) return undefined;
  const [minTime, stream, number, index] = readToken(token, query);
  if (
    typeof minTime !== 'number' ||
    typeof stream !== 'string' ||
    typeof number !== 'number' ||
    typeof index !== 'number'
  )
    throw logErrors.badToken();
  return { minTime, stream, number, index };
}

function streamCondition(input: FilterLogEventsRequest): Sql[] {
  const { logStreamNames: names, logStreamNamePrefix: prefix } = input;
  if (names !== undefined && prefix !== undefined)
    throw logErrors.invalid('Specify either logStreamNames or logStreamNamePrefix, not both.');
  if (names !== undefined && (names.length < 1 || names.length > 100))
    throw logErrors.invalid('logStreamNames must hold 1 to 100 names.');
  if (names !== undefined) return [sql`st.name IN (${sqlList(names.map(checkStreamName))})`];
  return prefix === undefined ? [] : [sql`st.name >= ${prefix}`, sql`st.name < ${`${prefix}\u{10FFFF}`}`];
}

export function filterLogEvents(core: LogsCore) {
  return operation<FilterLogEventsRequest, FilterLogEventsResponse>({
    name: 'FilterLogEvents',
    schema: FilterLogEvents$,
    effect: 'read',
    access: (input, call) => groupAccess(core, input, call),
    async handle(input, call) {
      const { account } = call.principal;
      const limit = input.limit ?? mostEvents;
      if (!Number.isInteger(limit) || limit < 1 || limit > mostEvents)
        throw logErrors.invalid(`limit must be between 1 and ${mostEvents}.`);
      const matches = compilePattern(input.filterPattern);
      const group = await requireGroup(core.store, account, groupNameOf(input, account));
      const [from, to] = [input.startTime ?? 0, input.endTime ?? Number.MAX_SAFE_INTEGER];
      const { logStreamNames, logStreamNamePrefix, filterPattern } = input;
      const query = fingerprint([group.id, from, to, logStreamNames, logStreamNamePrefix, filterPattern]);
      let place = readPlace(input.nextToken, query);
      const fixed = [
        sql`seg.group_id = ${group.id}`,
        sql`seg.max_time >= ${from}`,
        sql`seg.min_time <= ${to}`,
        ...streamCondition(input),
      ];
      const events: FilteredLogEvent[] = [];
      let bytes = 0;
      const page = (next: Place | undefined) => ({
        events: events.sort((a, b) => (a.timestamp ?? 0) - (b.timestamp ?? 0)),
        searchedLogStreams: [],
        ...(next && { nextToken: writeToken([query, next.minTime, next.stream, next.number, next.index]) }),
      });
      for (let looked = 0; looked < mostSegments; ) {
        const after = place
          ? [sql`(seg.min_time, seg.stream_id, seg.number) >= (${place.minTime}, ${place.stream}, ${place.number})`]
          : [];
        const rows = await core.store.all<SegmentRow>(
          sql`SELECT seg.stream_id, seg.number, seg.min_time, seg.ingested_at, seg.events, st.name
            FROM log_segments seg JOIN log_streams st ON st.id = seg.stream_id
            WHERE ${sqlAnd([...fixed, ...after])}
            ORDER BY seg.min_time, seg.stream_id, seg.number LIMIT ${segmentsAtOnce}`,
        );
        for (const row of rows) {
          const [stream, number, minTime] = [row.stream_id, Number(row.number), Number(row.min_time)];
          const here = place?.stream === stream && place.number === number ? place.index : 0;
          const all = await unpackEvents(row.events);
          for (const [index, { time, message }] of all.entries()) {
            if (index < here || time < from || time > to || !matches(message)) continue;
            bytes += Buffer.byteLength(message) + eventOverhead;
            if (events.length === limit || (bytes > mostBytes && events.length > 0))
              return page({ minTime, stream, number, index });
            events.push({
              logStreamName: row.name,
              timestamp: time,
              message,
              ingestionTime: Number(row.ingested_at),
              eventId: `${stream}${String(number).padStart(16, '0')}${String(index).padStart(8, '0')}`,
            });
          }
          place = { minTime, stream, number, index: all.length };
          looked += 1;
        }
        if (rows.length < segmentsAtOnce) return page(undefined);
      }
      return page(place);
    },
  });
}

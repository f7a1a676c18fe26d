// logs:GetLogEvents: one stream, page by page, in the order in which its events came.
import { GetLogEvents$, type GetLogEventsRequest, type GetLogEventsResponse } from '@aws-sdk/client-cloudwatch-logs';
import { operation } from '@longshore/aws';
import { sql } from '@longshore/store';
import { checkStreamName, groupNameOf, type LogsCore, streamAccess } from '../core.ts';
import { logErrors } from '../errors.ts';
import { requireGroup, requireStream, type StreamRow } from '../rows.ts';
import { eventOverhead, unpackEvents } from '../segment.ts';

/** A place between two events: before event `index` of segment `segment`. */
interface Place {
  readonly segment: number;
  readonly index: number;
}

interface Found extends Place {
  readonly time: number;
  readonly message: string;
  readonly ingestedAt: number;
}

interface SegmentRow {
  readonly number: number;
  readonly ingested_at: number;
  readonly events: Uint8Array;
}

const mostBytes = 1_048_576;
const mostEvents = 10_000;
const segmentsAtOnce = 8;

function tokenOf(direction: 'f' | 'b', { segment, index }: Place): string {
  return `${direction}/${String(segment).padStart(20, '0')}${String(index).padStart(8, '0')}/s`;
}

function readToken(token: string | undefined): { readonly forward: boolean; readonly place: Place } | undefined {
  if (token === undefined) return undefined;
  const match = /^([fb])\/(\d{20})(\d{8})\/s$/.exec(token);
  if (!match) throw logErrors.badToken();
  return { forward: match[1] === 'f', place: { segment: Number(match[2]), index: Number(match[3]) } };
}

interface Range {
  readonly from: number;
  readonly before: number;
  readonly limit: number;
}

/** Up to `limit` events (and 1 MiB) from `place` on, or back from it; nearest first. */
async function read(core: LogsCore, stream: StreamRow, place: Place, forward: boolean, range: Range): Promise<Found[]> {
  const found: Found[] = [];
  let bytes = 0;
  for (let next = place.segment, more = true; more; ) {
    const order = forward ? sql`number >= ${next}` : sql`number <= ${next}`;
    const rows = await core.store.all<SegmentRow>(
      sql`SELECT number, ingested_at, events FROM log_segments
        WHERE stream_id = ${stream.id} AND ${order} AND max_time >= ${range.from} AND min_time < ${range.before}
        ORDER BY number ${forward ? sql`ASC` : sql`DESC`} LIMIT ${segmentsAtOnce}`,
    );
    for (const row of rows) {
      const segment = Number(row.number);
      const events = (await unpackEvents(row.events)).map((event, index) => ({
        ...event,
        segment,
        index,
        ingestedAt: Number(row.ingested_at),
      }));
      for (const event of forward ? events : events.toReversed()) {
        const beyond =
          event.segment === place.segment && (forward ? event.index < place.index : event.index >= place.index);
        if (beyond || event.time < range.from || event.time >= range.before) continue;
        bytes += Buffer.byteLength(event.message) + eventOverhead;
        if (found.length === range.limit || (bytes > mostBytes && found.length > 0)) return found;
        found.push(event);
      }
      next = segment + (forward ? 1 : -1);
    }
    more = rows.length === segmentsAtOnce;
  }
  return found;
}

export function getLogEvents(core: LogsCore) {
  return operation<GetLogEventsRequest, GetLogEventsResponse>({
    name: 'GetLogEvents',
    schema: GetLogEvents$,
    effect: 'read',
    access: (input, call) => streamAccess(core, input, call),
    async handle(input, call) {
      const { account } = call.principal;
      const limit = input.limit ?? mostEvents;
      if (!Number.isInteger(limit) || limit < 1 || limit > mostEvents)
        throw logErrors.invalid(`limit must be between 1 and ${mostEvents}.`);
      const token = readToken(input.nextToken);
      const group = await requireGroup(core.store, account, groupNameOf(input, account));
      const stream = await requireStream(core.store, group, checkStreamName(input.logStreamName));
      const end = { segment: Number(stream.next_segment), index: 0 };
      const forward = token?.forward ?? input.startFromHead === true;
      const place = token?.place ?? (forward ? { segment: 0, index: 0 } : end);
      const range = { from: input.startTime ?? 0, before: input.endTime ?? Number.MAX_SAFE_INTEGER, limit };
      const found = await read(core, stream, place, forward, range);
      const events = forward ? found : found.toReversed();
      const [first, last] = [events[0], events.at(-1)];
      return {
        events: events.map(({ time, message, ingestedAt }) => ({
          timestamp: time,
          message,
          ingestionTime: ingestedAt,
        })),
        // At the end the token stays the same, which is how clients see that there is no more.
        nextForwardToken: tokenOf('f', last ? { segment: last.segment, index: last.index + 1 } : place),
        nextBackwardToken: tokenOf('b', first ?? place),
      };
    },
  });
}

// logs:PutLogEvents
import { createHash } from 'node:crypto';
import {
  type InputLogEvent,
  PutLogEvents$,
  type PutLogEventsRequest,
  type PutLogEventsResponse,
  type RejectedLogEventsInfo,
} from '@aws-sdk/client-cloudwatch-logs';
import { operation } from '@longshore/aws';
import { sql } from '@longshore/store';
import { checkStreamName, groupNameOf, type LogsCore, streamAccess } from '../core.ts';
import { logErrors } from '../errors.ts';
import { type GroupRow, requireGroup, requireStream, type StreamRow } from '../rows.ts';
import { eventOverhead, type LogEvent, packEvents } from '../segment.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const mostEvents = 10_000;
const mostBytes = 1_048_576;

interface Batch {
  readonly events: readonly LogEvent[];
  readonly bytes: number;
}

/** Throws InvalidParameterException for what CloudWatch Logs does not take in one call. */
function readBatch(given: readonly InputLogEvent[] | undefined): Batch {
  const events = (given ?? []).map(({ timestamp: time, message }) => {
    if (time === undefined || !Number.isSafeInteger(time) || time < 0)
      throw logErrors.invalid('Every log event must have a timestamp in milliseconds.');
    if (message === undefined || message === '') throw logErrors.invalid('Log event message must not be empty.');
    return { time, message };
  });
  if (events.length < 1 || events.length > mostEvents)
    throw logErrors.invalid(`The number of log events must be between 1 and ${mostEvents}.`);
  const bytes = events.reduce((sum, { message }) => sum + Buffer.byteLength(message) + eventOverhead, 0);
  if (bytes > mostBytes) throw logErrors.invalid(`Upload too large: ${bytes} bytes exceeds limit of ${mostBytes}`);
  if (events.some((event, i) => event.time < (events[i - 1]?.time ?? 0)))
    throw logErrors.invalid('Log events in a single PutLogEvents request must be in chronological order.');
  if ((events.at(-1)?.time ?? 0) - (events[0]?.time ?? 0) > dayMs)
    throw logErrors.invalid('The batch of log events in a single PutLogEvents request cannot span more than 24 hours.');
  return { events, bytes };
}

interface Sorted {
  readonly kept: readonly LogEvent[];
  readonly rejected: RejectedLogEventsInfo | undefined;
}

/** What is too old (14 days), beyond the group's retention, or more than two hours ahead is told and left out. */
function sortOut(events: readonly LogEvent[], group: GroupRow, now: number): Sorted {
  const oldest = now - 14 * dayMs;
  const expired = group.retention_days === null ? 0 : now - Number(group.retention_days) * dayMs;
  const newest = now + 2 * hourMs;
  const tooOld = events.filter((event) => event.time < oldest).length;
  const tooExpired = events.filter((event) => event.time < expired).length;
  const tooNew = events.findIndex((event) => event.time > newest);
  const rejected = {
    ...(tooOld > 0 && { tooOldLogEventEndIndex: tooOld }),
    ...(tooExpired > tooOld && { expiredLogEventEndIndex: tooExpired }),
    ...(tooNew >= 0 && { tooNewLogEventStartIndex: tooNew }),
  };
  return {
    kept: events.slice(Math.max(tooOld, tooExpired), tooNew < 0 ? undefined : tooNew),
    rejected: Object.keys(rejected).length > 0 ? rejected : undefined,
  };
}

/** Tells batches apart; the same events at the same times are the same batch. */
function fingerprintOf(events: readonly LogEvent[]): string {
  const hash = createHash('sha256');
  for (const { time, message } of events) hash.update(`${time} ${Buffer.byteLength(message)} ${message}\n`);
  return hash.digest('base64url');
}

function appendSteps(stream: StreamRow, events: readonly LogEvent[], packed: Uint8Array, now: number) {
  const [min, max] = [events[0]?.time ?? now, events.at(-1)?.time ?? now];
  const bytes = events.reduce((sum, { message }) => sum + Buffer.byteLength(message) + eventOverhead, 0);
  const first = Math.min(Number(stream.first_event_at ?? min), min);
  const last = Math.max(Number(stream.last_event_at ?? max), max);
  return [
    {
      sql: sql`UPDATE log_streams SET next_segment = ${Number(stream.next_segment) + 1}, first_event_at = ${first},
        last_event_at = ${last}, last_ingestion_at = ${now}, stored_bytes = ${Number(stream.stored_bytes) + bytes},
        version = ${Number(stream.version) + 1} WHERE id = ${stream.id} AND version = ${stream.version}`,
      expect: 1,
    },
    {
      sql: sql`INSERT INTO log_segments (stream_id, number, group_id, fingerprint, min_time, max_time, ingested_at, raw_bytes, events)
        VALUES (${stream.id}, ${stream.next_segment}, ${stream.group_id}, ${fingerprintOf(events)}, ${min}, ${max}, ${now}, ${bytes}, ${packed})`,
      expect: 1,
    },
  ];
}

export function putLogEvents(core: LogsCore) {
  return operation<PutLogEventsRequest, PutLogEventsResponse>({
    name: 'PutLogEvents',
    schema: PutLogEvents$,
    // A batch that is there already changes nothing: agents tell again what they are not sure of.
    effect: 'idempotent',
    maxBodyBytes: 8 * 1024 * 1024,
    access: (input, call) => streamAccess(core, input, call),
    async handle(input, call) {
      const { account } = call.principal;
      const { events } = readBatch(input.logEvents);
      const name = checkStreamName(input.logStreamName);
      return core.store.update(async (view) => {
        const group = await requireGroup(view, account, groupNameOf(input, account));
        const stream = await requireStream(view, group, name);
        const { kept, rejected } = sortOut(events, group, call.now);
        const known = await view.get(
          sql`SELECT number FROM log_segments WHERE stream_id = ${stream.id} AND fingerprint = ${fingerprintOf(kept)}`,
        );
        const steps = kept.length > 0 && !known ? appendSteps(stream, kept, await packEvents(kept), call.now) : [];
        // Sequence tokens are history: every one is taken, and one is given for those who look for it.
        const nextSequenceToken = String(Number(stream.next_segment) + 1);
        return { steps, result: { nextSequenceToken, ...(rejected && { rejectedLogEventsInfo: rejected }) } };
      });
    },
  });
}

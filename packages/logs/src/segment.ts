// A segment's events: `[time, message]` pairs as JSON, deflated. Pure but for the CPU time.
import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';

export interface LogEvent {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly message: string;
}

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);
/** More than PutLogEvents takes, as JSON may escape each character. */
const maxBytes = 16 * 1024 * 1024;

/** What CloudWatch counts for each event beside its message. */
export const eventOverhead = 26;

export async function packEvents(events: readonly LogEvent[]): Promise<Uint8Array> {
  return deflate(JSON.stringify(events.map(({ time, message }) => [time, message])), { level: 3 });
}

export async function unpackEvents(packed: Uint8Array): Promise<LogEvent[]> {
  const text = (await inflate(packed, { maxOutputLength: maxBytes })).toString('utf8');
  return (JSON.parse(text) as [number, string][]).map(([time, message]) => ({ time, message }));
}

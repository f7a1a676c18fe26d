// The lines of a container's output that match a filter pattern, as the server finds them (FilterLogEvents).
import { z } from 'zod';
import { askLogs, type Reading, textOf } from './log-stream.ts';

const pageSchema = z.object({
  events: z.array(z.object({ eventId: z.string(), timestamp: z.number(), message: z.string() })).default([]),
  nextToken: z.string().optional(),
});

const pollMs = 1000;
/** Events that were shown and may come again in the next look: those of the latest moments. */
const mostSeen = 20_000;
/** What was put late, with an earlier time, is still found. */
const overlapMs = 10_000;

/** The lines that match, each with its line break. Throws `UserError` if there is no such stream. */
export async function* filteredLogs(reading: Reading, filterPattern: string): AsyncGenerator<string> {
  const { place, follow, tail, signal } = reading;
  const seen = new Set<string>();
  let latest = overlapMs;

  async function* look(): AsyncGenerator<string> {
    const wanted = { logStreamNames: [place.stream], filterPattern, startTime: latest - overlapMs };
    let nextToken: string | undefined;
    do {
      const page = pageSchema.parse(await askLogs(reading, 'FilterLogEvents', { ...wanted, nextToken }));
      for (const event of page.events) {
        if (seen.has(event.eventId)) continue;
        if (seen.size >= mostSeen) for (const oldest of seen.keys().take(mostSeen / 2)) seen.delete(oldest);
        seen.add(event.eventId);
        latest = Math.max(latest, event.timestamp);
        yield textOf(reading, event);
      }
      ({ nextToken } = page);
    } while (nextToken !== undefined && !signal.aborted);
  }

  const last: string[] = [];
  for await (const line of look()) {
    if (tail === undefined) yield line;
    else if (last.push(line) > tail) last.shift();
  }
  yield* last;
  for (let isOver = false; follow && !isOver && !signal.aborted; ) {
    isOver = await reading.isOver();
    await reading.clock.sleep(pollMs, signal);
    if (!signal.aborted) yield* look();
  }
}

// Ships one container's output: follows it, puts lines together to batches, sends each until it is taken, and notes how far
// it got. While the server is away the Engine keeps the output; at most two batches are held in memory.
import { backoffDelay, type Clock, errorText, type Logger } from '@longshore/base';
import { AwsError } from '@longshore/aws';
import { createAssembler, cutEvent, eventBytes, maxBatchBytes, maxBatchEvents } from './assemble.ts';
import type { Credentials, LogSink, LogSource, LogTarget, OutputEvent } from './types.ts';

export interface Shipment {
  readonly containerId: string;
  readonly tty: boolean;
  readonly target: LogTarget;
  readonly source: LogSource;
  readonly sink: LogSink;
  readonly credentials: () => Credentials | undefined;
  /** The time of the last line that was taken before. */
  readonly since: string | undefined;
  /** Notes the time of the last line that was taken. */
  readonly taken: (at: string) => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** What comes within this time goes in one call. */
const lingerMs = 500;
const backoff = { initialMs: 500, maxMs: 30_000 };

/** Sends until it is taken. What the server will never take is dropped and said. */
async function send(shipment: Shipment, events: readonly OutputEvent[]): Promise<void> {
  const { sink, target, signal, clock, log } = shipment;
  // A line that the Engine gives in pieces has the time of the first and comes with the last.
  const inOrder = events.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      return await sink.put(target, inOrder, shipment.credentials(), signal);
    } catch (error) {
      const final = error instanceof AwsError && error.status === 400 && !/throttl|Expired/i.test(error.code);
      if (final && error.code !== 'ResourceNotFoundException') {
        log.error(
          { container: shipment.containerId, events: events.length, problem: errorText(error) },
          'log events are refused and dropped',
        );
        return;
      }
      // A stream that somebody deleted is made again, where that helps.
      if (final) await sink.prepare(target, shipment.credentials(), signal).catch(() => undefined);
      await clock.sleep(backoffDelay(failures, backoff), signal);
    }
  }
}

/** Resolves when the output has ended and all of it was taken, or the signal fired. Throws when the Engine cannot be asked. */
export async function ship(shipment: Shipment): Promise<void> {
  const { clock, signal, target } = shipment;
  const assembler = createAssembler(target.begins);
  let batch: OutputEvent[] = [];
  let bytes = 0;
  let lastRead: string | undefined;
  /** The last line that `batch`, and what went before it, has in whole. */
  let covered: string | undefined;
  let sending: Promise<void> = Promise.resolve();
  let isTicking = false;

  function flush(): Promise<void> {
    const [events, upTo] = [batch, covered];
    [batch, bytes, covered] = [[], 0, undefined];
    sending = sending.then(async () => {
      if (events.length > 0) await send(shipment, events);
      if (upTo !== undefined && !signal.aborted) await shipment.taken(upTo);
    });
    return sending;
  }

  async function take(events: readonly OutputEvent[]): Promise<void> {
    for (const event of events.flatMap(cutEvent)) {
      const size = eventBytes(event);
      // Reading waits here while the server does not take what was sent before.
      if (batch.length === maxBatchEvents || bytes + size > maxBatchBytes) await flush();
      batch.push(event);
      bytes += size;
    }
  }

  /** Sends what came within a short time together; an event that nothing was added to meanwhile is complete. */
  async function tick(): Promise<void> {
    isTicking = true;
    for (let before: string | undefined; before !== lastRead && !signal.aborted; ) {
      before = lastRead;
      await clock.sleep(lingerMs, signal);
      if (lastRead === before) {
        await take(assembler.flush());
        covered = lastRead;
      }
      await flush();
    }
    isTicking = false;
  }

  const options = { tty: shipment.tty, since: shipment.since, signal };
  for await (const line of shipment.source.follow(shipment.containerId, options)) {
    const done = assembler.add(line);
    await take(done);
    if (target.begins === undefined) covered = line.at;
    else if (done.length > 0) covered = lastRead;
    lastRead = line.at;
    if (!isTicking) tick().catch((error: unknown) => shipment.log.error({ err: error }, 'logs are not shipped'));
  }
  await take(assembler.flush());
  covered = lastRead;
  await flush();
}

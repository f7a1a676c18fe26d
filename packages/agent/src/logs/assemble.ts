// From lines to events, and from events to batches that PutLogEvents takes. Pure.
import type { OutputEvent, OutputLine } from './types.ts';

/** CloudWatch's limits are 1 MiB and 10,000 a call; a batch stays below, with 26 bytes counted for each event. */
export const maxBatchBytes = 512 * 1024;
export const maxBatchEvents = 5_000;
const overhead = 26;
/** A longer event is cut, as Docker's own driver does. */
const maxEventBytes = 256 * 1024 - overhead;

export interface Assembler {
  /** Events that are complete with this line. */
  add(line: OutputLine): readonly OutputEvent[];
  /** What is left, when no more comes or it has waited long enough. */
  flush(): readonly OutputEvent[];
}

export function createAssembler(begins: ((line: string) => boolean) | undefined): Assembler {
  let held: OutputLine[] = [];
  let bytes = 0;

  function flush(): OutputEvent[] {
    const [first] = held;
    if (!first) return [];
    const message = held.map((line) => line.text).join('\n');
    held = [];
    bytes = 0;
    // An empty line is an event that CloudWatch does not take.
    return message === '' ? [] : [{ at: first.at, message }];
  }

  return {
    add(line) {
      if (begins === undefined) return line.text === '' ? [] : [{ at: line.at, message: line.text }];
      const size = Buffer.byteLength(line.text) + 1;
      const done = begins(line.text) || bytes + size > maxEventBytes ? flush() : [];
      held.push(line);
      bytes += size;
      return done;
    },
    flush,
  };
}

/** The pieces of an event that is too long; one piece for others. Characters stay whole. */
export function cutEvent(event: OutputEvent): OutputEvent[] {
  if (Buffer.byteLength(event.message) <= maxEventBytes) return [event];
  const pieces: OutputEvent[] = [];
  let piece = '';
  let bytes = 0;
  for (const character of event.message) {
    const size = Buffer.byteLength(character);
    if (bytes + size > maxEventBytes) {
      pieces.push({ at: event.at, message: piece });
      piece = '';
      bytes = 0;
    }
    piece += character;
    bytes += size;
  }
  return [...pieces, { at: event.at, message: piece }];
}

export function eventBytes(event: OutputEvent): number {
  return Buffer.byteLength(event.message) + overhead;
}

/** A line's time in milliseconds. */
export function millisOf(at: string): number {
  return Date.parse(at);
}

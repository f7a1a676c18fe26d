// The ends of answers. Those that are ready in the same turn of the event loop leave together after it: a write costs mostly the
// waking of its client, and clients that wait at the same time are then woken by the first (design/decisions.md has the figures).
import type { ServerResponse } from 'node:http';

/** Ends the response with the last of its body, in this turn of the event loop. */
export type EndAnswer = (response: ServerResponse, last?: string | Uint8Array, encoding?: BufferEncoding) => void;

export function answersTogether(): EndAnswer {
  let ready: (() => void)[] = [];

  function release(): void {
    const ends = ready;
    ready = [];
    for (const end of ends) end();
  }

  return (response, last, encoding = 'utf8') => {
    if (ready.length === 0) setImmediate(release);
    ready.push(() => response.end(last, encoding));
  };
}

// The stream of a simulated Engine's events, as its reader takes it: each comes a moment late, in order, until the Engine
// goes away.
import { type EngineEvent, EngineUnreachable } from '@longshore/agent';
import type { Process } from './process.ts';
import type { Random } from './random.ts';
import type { Schedule } from './schedule.ts';

export interface EventStream {
  readonly past: readonly EngineEvent[];
  /** Those who are told of events; undefined means that the Engine went away. */
  readonly listeners: Set<(event: EngineEvent | undefined) => void>;
  readonly process: Process;
  readonly schedule: Schedule;
  readonly random: Random;
  readonly signal: AbortSignal;
}

export function followEvents(stream: EventStream): AsyncIterable<EngineEvent> {
  const { listeners, process, schedule, random, signal } = stream;
  const ready: (EngineEvent | undefined)[] = [...stream.past];
  let wake: (() => void) | undefined;
  let arrival = 0;

  const arrive = (event: EngineEvent | undefined) => {
    ready.push(event);
    wake?.();
  };
  const listener = (event: EngineEvent | undefined) => {
    if (!process.alive()) return void listeners.delete(listener);
    arrival = Math.max(arrival, schedule.now() + random.next() * 20);
    process.after(arrival - schedule.now(), () => arrive(event));
  };
  listeners.add(listener);
  signal.addEventListener(
    'abort',
    () => {
      listeners.delete(listener);
      if (process.alive()) arrive(undefined);
    },
    { once: true },
  );

  async function* follow(): AsyncGenerator<EngineEvent> {
    for (;;) {
      while (ready.length > 0) {
        const event = ready.shift();
        if (event === undefined) throw new EngineUnreachable('the stream of events broke');
        yield event;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      wake = undefined;
    }
  }
  return follow();
}

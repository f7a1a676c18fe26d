// The network between agents and the control plane: websockets as pairs of ends with delay, and calls that may be lost on
// either way. Frames of one connection keep their order, as TCP does; everything else may overtake.
import { EventEmitter } from 'node:events';
import type { Containers } from '@longshore/containers';
import { never, type Process } from './process.ts';
import type { Random } from './random.ts';
import type { Schedule } from './schedule.ts';
import type { Trace } from './trace.ts';

/** The socket as the control plane's code takes it: that of `ws`. */
export type Socket = Parameters<Containers['acceptAcs']>[0];

const states = { OPEN: 1, CLOSING: 2, CLOSED: 3 };
/** As `ws`: an end that is not answered to its closing frame is cut off after this time. */
const closeTimeoutMs = 30_000;

interface End {
  readonly emitter: EventEmitter;
  readonly process: Process;
  state: number;
  paused: boolean;
  readonly held: (() => void)[];
  /** When the last frame towards this end arrives. */
  arrival: number;
}

export interface Connection {
  readonly name: string;
  readonly agent: Socket;
  readonly plane: Socket;
  /** Both ends learn of it soon. */
  reset(): void;
  /** Nothing passes any more, and nobody is told. */
  blackhole(): void;
  /** One side's process is gone; the other learns of it soon, unless the machine is gone too. */
  ended(): boolean;
  touches(process: Process): boolean;
}

export interface NetworkParts {
  readonly schedule: Schedule;
  readonly random: Random;
  readonly trace: Trace;
}

export function latency(random: Random): number {
  return random.chance(0.03) ? random.next() * 3_000 : 0.2 + random.next() * 15;
}

function newEnd(process: Process): End {
  return { emitter: new EventEmitter(), process, state: states.OPEN, paused: false, held: [], arrival: 0 };
}

export function connect(name: string, agent: Process, plane: Process, parts: NetworkParts): Connection {
  const { schedule, random, trace } = parts;
  let dark = false;

  /** Does something at an end, if its process still lives. */
  function at(end: End, ms: number, act: () => void): void {
    schedule.after(ms, () => {
      if (!end.process.alive()) return;
      if (end.paused) end.held.push(act);
      else act();
    });
  }

  function travel(to: End, act: () => void): void {
    to.arrival = Math.max(to.arrival, schedule.now() + latency(random));
    at(to, to.arrival - schedule.now(), () => {
      if (!dark) act();
    });
  }

  function closed(end: End, code: number, reason: string): void {
    if (end.state === states.CLOSED) return;
    end.state = states.CLOSED;
    end.emitter.emit('close', code, Buffer.from(reason));
  }

  function socketOf(mine: End, other: End): Socket {
    const socket = {
      ...states,
      get readyState() {
        return mine.state;
      },
      get bufferedAmount() {
        return 0;
      },
      on(event: string, listener: (...args: unknown[]) => void) {
        mine.emitter.on(event, listener);
        return socket;
      },
      once(event: string, listener: (...args: unknown[]) => void) {
        mine.emitter.once(event, listener);
        return socket;
      },
      send(text: string) {
        if (!mine.process.alive() || mine.state !== states.OPEN) return;
        trace.note(mine.process.name, `→ ${name} ${text.slice(0, 300)}`);
        travel(other, () => {
          if (other.state === states.OPEN) other.emitter.emit('message', Buffer.from(text), false);
        });
      },
      close(code = 1005, reason = '') {
        if (!mine.process.alive() || mine.state !== states.OPEN) return;
        mine.state = states.CLOSING;
        travel(other, () => {
          closed(other, code, reason);
          travel(mine, () => closed(mine, code, reason));
        });
        at(mine, closeTimeoutMs, () => closed(mine, 1006, ''));
      },
      terminate() {
        if (!mine.process.alive() || mine.state === states.CLOSED) return;
        mine.state = states.CLOSING;
        at(mine, 0, () => closed(mine, 1006, ''));
        travel(other, () => closed(other, 1006, ''));
      },
      ping() {
        if (!mine.process.alive() || mine.state !== states.OPEN) return;
        travel(other, () => {
          other.emitter.emit('ping', Buffer.alloc(0));
          if (other.state !== states.CLOSED) travel(mine, () => mine.emitter.emit('pong', Buffer.alloc(0)));
        });
      },
      pause() {
        mine.paused = true;
      },
      resume() {
        mine.paused = false;
        for (const act of mine.held.splice(0)) act();
      },
    };
    return socket as unknown as Socket;
  }

  const agentEnd = newEnd(agent);
  const planeEnd = newEnd(plane);
  const ends = [agentEnd, planeEnd];
  return {
    name,
    agent: socketOf(agentEnd, planeEnd),
    plane: socketOf(planeEnd, agentEnd),
    reset() {
      dark = true;
      for (const end of ends) at(end, latency(random), () => closed(end, 1006, ''));
    },
    blackhole() {
      dark = true;
    },
    ended: () => ends.every((end) => end.state === states.CLOSED || !end.process.alive()),
    touches: (process) => process === agent || process === plane,
  };
}

/** What a call over the network failed with. */
export class NetworkError extends Error {
  override readonly name = 'NetworkError';
}

export interface Call<T> {
  readonly from: Process;
  /** The process that serves it; undefined if nobody listens. */
  readonly to: Process | undefined;
  /** Whether nothing passes between the two now. Asked on each way. */
  readonly cut: () => boolean;
  readonly serve: () => Promise<T>;
  readonly signal?: AbortSignal | undefined;
  readonly lossy: boolean;
}

const callTimeoutMs = 30_000;

/** A request and its answer. Either may be lost; a client that heard nothing may have its request served twice. */
export function callOver<T>(call: Call<T>, parts: NetworkParts): Promise<T> {
  const { random, schedule } = parts;
  const { from, to } = call;
  if (!from.alive()) return never();
  return new Promise<T>((resolve, reject) => {
    let over = false;
    let hangUp = () => {};
    const answer = (act: () => void) => {
      if (over || !from.alive()) return;
      over = true;
      hangUp();
      act();
    };
    const fail = (ms: number, why: string) => schedule.after(ms, () => answer(() => reject(new NetworkError(why))));
    call.signal?.addEventListener('abort', () => answer(() => reject(new NetworkError('aborted'))), { once: true });
    if (call.signal?.aborted) return void fail(0, 'aborted');
    fail(callTimeoutMs, 'no answer in time');
    schedule.after(latency(random), () => {
      if (call.cut() || (call.lossy && random.chance(0.04))) return;
      if (!to?.alive()) return void fail(latency(random), 'connection refused');
      const once = (back: boolean) => {
        const reply = (act: () => void) => {
          if (!back || !to.alive()) return;
          schedule.after(latency(random), () => {
            if (!call.cut() && !(call.lossy && random.chance(0.04))) answer(act);
            else if (random.chance(0.5)) fail(0, 'connection reset');
          });
        };
        call.serve().then(
          (value) => reply(() => resolve(value)),
          (error: unknown) => reply(() => reject(error as Error)),
        );
      };
      // Most often its machine tells that nobody is there any more; else the caller waits until its time is over.
      if (random.chance(0.7)) hangUp = to.onKill(() => fail(latency(random), 'connection reset'));
      once(true);
      if (call.lossy && random.chance(0.03)) schedule.after(latency(random), () => to.alive() && once(false));
    });
  });
}

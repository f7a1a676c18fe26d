// One agent's websocket: frames in and out within bounds, in order, with a watch on silence. Knows no message.
import type { Clock, Logger } from '@longshore/base';
import { errorText } from '@longshore/base';
import type { RawData, WebSocket } from 'ws';

export interface AgentSocketOptions {
  readonly socket: WebSocket;
  readonly clock: Clock;
  readonly log: Logger;
  /** The largest frame that is read, in bytes. */
  readonly maxFrameBytes: number;
  /** A peer that sends nothing for so long is dropped; asked anew whenever it matters. */
  readonly silenceMs: () => number;
  /** Called for each frame, one after the other. A thrown error closes the socket. */
  readonly onFrame: (text: string) => Promise<void>;
}

export interface AgentSocket {
  /** Fires when the socket is closed. */
  readonly closed: AbortSignal;
  /** False if the frame was not sent: closed, or the peer does not read what it was sent. */
  send(type: string, message: object): boolean;
  close(code: number, reason: string): void;
}

/** Frames that wait to be handled; a peer that sends faster for long is dropped. */
const maxWaiting = 256;
/** Bytes that wait to be sent before nothing more is, and before the peer is dropped. */
const maxBuffered = 8 * 1024 * 1024;

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return Buffer.from(data as Buffer).toString('utf8');
}

function lengthOf(data: RawData): number {
  return Array.isArray(data) ? data.reduce((sum, part) => sum + part.length, 0) : data.byteLength;
}

export function agentSocket(options: AgentSocketOptions): AgentSocket {
  const { socket, clock, log } = options;
  const ended = new AbortController();
  let lastHeard = clock.now();
  let waiting = 0;
  let chain = Promise.resolve();

  function close(code: number, reason: string): void {
    if (socket.readyState === socket.CLOSED) return ended.abort();
    socket.close(code, reason);
    // A peer that is gone answers no close frame; do not wait for it.
    if (code !== 1000 && code !== 1001) socket.terminate();
  }

  async function handle(text: string): Promise<void> {
    if (ended.signal.aborted) return;
    try {
      await options.onFrame(text);
    } catch (error) {
      log.error({ err: error, problem: errorText(error) }, 'a frame of an agent could not be handled');
      close(1011, 'the frame could not be handled');
    } finally {
      waiting--;
    }
  }

  async function watch(): Promise<void> {
    while (!ended.signal.aborted) {
      const left = lastHeard + options.silenceMs() - clock.now();
      if (left <= 0) {
        log.warn({}, 'an agent was silent for too long and is dropped');
        return close(1008, 'silent for too long');
      }
      await clock.sleep(left, ended.signal);
    }
  }

  socket.on('message', (data: RawData) => {
    lastHeard = clock.now();
    if (lengthOf(data) > options.maxFrameBytes) return close(1009, 'the frame is too big');
    if (++waiting > maxWaiting) return close(1008, 'too many frames at once');
    const text = textOf(data);
    chain = chain.then(() => handle(text));
  });
  socket.on('ping', () => {
    lastHeard = clock.now();
  });
  socket.on('error', (error: Error) => log.debug({ problem: error.message }, 'the socket of an agent failed'));
  socket.on('close', () => ended.abort());
  if (socket.readyState === socket.CLOSED) ended.abort();
  void watch();

  return {
    closed: ended.signal,
    send(type, message) {
      if (socket.readyState !== socket.OPEN) return false;
      if (socket.bufferedAmount > maxBuffered) {
        log.warn({ buffered: socket.bufferedAmount }, 'an agent does not read what it is sent and is dropped');
        close(1008, 'not reading');
        return false;
      }
      socket.send(JSON.stringify({ type, message }));
      return true;
    },
    close,
  };
}

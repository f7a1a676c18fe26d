// One session: the client's data channel on one side, the agent's socket on the other. To the agent go frames of a kind (first
// byte) and bytes: 0 data, 2 control as JSON; from it come 0 output, 1 errors, 2 control.
import {
  acknowledgementOf,
  type ChannelMessageType,
  payloadTypes,
  readChannelMessage,
  terminateFlag,
  writeChannelMessage,
} from '@longshore/aws';
import { type Clock, errorText } from '@longshore/base';
import type { RawData, WebSocket } from 'ws';
import { z } from 'zod';

export interface RelayParts {
  readonly client: WebSocket;
  readonly sessionId: string;
  readonly command: string;
  /** Whether this is the session's token. */
  readonly authorize: (token: string) => boolean;
  /** Tells the agent, and waits for its socket (paused). */
  readonly agent: () => Promise<WebSocket>;
  readonly clock: Clock;
}

/** ECS ends a session after twenty minutes without a word. */
const idleMs = 20 * 60_000;
const helloMs = 15_000;
const largestChunk = 8 * 1024;
/** Unsent bytes to the client above which the agent's socket is not read. */
const highWater = 1024 * 1024;

const openSchema = z.object({ TokenValue: z.string().max(200), ClientVersion: z.string().max(100).default('') });
const sizeSchema = z.object({ cols: z.number().int().min(1).max(1000), rows: z.number().int().min(1).max(1000) });
const controlSchema = z.object({ exit: z.number().int().optional(), error: z.string().max(1000).optional() });

function bytesOf(data: RawData): Buffer {
  return Buffer.isBuffer(data) ? data : Buffer.concat([data].flat().map((part) => new Uint8Array(part)));
}

/** Resolves when the session is over, for whatever reason. */
export async function relay(parts: RelayParts): Promise<void> {
  const { client, clock, sessionId } = parts;
  const ended = new AbortController();
  const opened = Promise.withResolvers<{ readonly version: string }>();
  const shaken = Promise.withResolvers<void>();
  opened.promise.catch(() => undefined);
  shaken.promise.catch(() => undefined);
  let lastWord = clock.now();
  let nextOut = 0;
  let expected = 0;
  let isOpen = false;
  let agent: WebSocket | undefined;
  let early: Buffer[] = [];

  function over(why = 'the session is over'): void {
    opened.reject(new Error(why));
    shaken.reject(new Error(why));
    ended.abort();
  }

  function send(type: ChannelMessageType, payloadType: number, payload: Uint8Array | string): void {
    const sequence = type === 'output_stream_data' ? nextOut++ : 0;
    const bytes = writeChannelMessage({ type, sequence, payloadType, payload, now: clock.now() });
    if (client.readyState !== client.OPEN) return;
    client.send(bytes, () => {
      if (client.bufferedAmount < highWater && agent?.isPaused) agent.resume();
    });
    if (client.bufferedAmount >= highWater) agent?.pause();
  }

  function toAgent(kind: 0 | 2, payload: Uint8Array | string): void {
    const frame = Buffer.concat([Buffer.from([kind]), Buffer.from(payload as Uint8Array)]);
    if (agent) agent.send(frame);
    else if (early.length < 1000) early.push(frame);
  }

  function take(payloadType: number, payload: Buffer): void {
    switch (payloadType) {
      case payloadTypes.output:
        return toAgent(0, payload);
      case payloadTypes.size: {
        const size = sizeSchema.safeParse(JSON.parse(payload.toString('utf8')));
        if (size.success) toAgent(2, JSON.stringify({ resize: size.data }));
        return;
      }
      // Longshore's own client: its input has ended.
      case payloadTypes.parameter:
        return toAgent(2, JSON.stringify({ eof: true }));
      case payloadTypes.handshakeResponse:
        return shaken.resolve();
      case payloadTypes.flag:
        if (payload.length >= 4 && payload.readUInt32BE(0) === terminateFlag) over();
        return;
    }
  }

  function takeOpen(data: RawData): void {
    const open = openSchema.parse(JSON.parse(bytesOf(data).toString('utf8')));
    if (!parts.authorize(open.TokenValue)) throw new Error('the token is not the one of this session');
    isOpen = true;
    opened.resolve({ version: open.ClientVersion });
  }

  client.on('message', (data, isBinary) => {
    lastWord = clock.now();
    try {
      if (!isOpen) return takeOpen(data);
      if (!isBinary) return;
      const message = readChannelMessage(bytesOf(data));
      if (message.type !== 'input_stream_data' || message.sequence > expected) return;
      client.send(acknowledgementOf(message, clock.now()));
      // A message that comes again was taken before.
      if (message.sequence < expected) return;
      expected += 1;
      take(message.payloadType, message.payload);
    } catch (error) {
      over(errorText(error));
      client.close(1008, 'not understood');
    }
  });
  client.on('error', () => over());
  client.on('close', () => over());

  async function watchIdle(): Promise<void> {
    while (!ended.signal.aborted) {
      await clock.sleep(Math.max(1000, lastWord + idleMs - clock.now()), ended.signal);
      if (clock.now() - lastWord >= idleMs) over();
    }
  }

  /** Carries what the agent says until it says the end. Resolves with the exit code, if there was one. */
  function carry(socket: WebSocket): Promise<number | undefined> {
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    socket.on('message', (data) => {
      lastWord = clock.now();
      const frame = bytesOf(data);
      const payload = frame.subarray(1);
      if (frame[0] === 2) {
        const control = controlSchema.safeParse(JSON.parse(payload.toString('utf8')));
        if (control.data?.error !== undefined)
          send('output_stream_data', payloadTypes.output, `${control.data.error}\r\n`);
        if (control.data?.exit !== undefined) resolve(control.data.exit);
        return;
      }
      const type = frame[0] === 1 && isOurs ? payloadTypes.stdErr : payloadTypes.output;
      for (let at = 0; at < payload.length; at += largestChunk)
        send('output_stream_data', type, payload.subarray(at, at + largestChunk));
    });
    socket.on('error', () => resolve(undefined));
    socket.on('close', () => resolve(undefined));
    ended.signal.addEventListener('abort', () => resolve(undefined), { once: true });
    if (ended.signal.aborted) resolve(undefined);
    for (const frame of early) socket.send(frame);
    early = [];
    agent = socket;
    socket.resume();
    return promise;
  }

  let isOurs = false;
  const lateHello = clock.sleep(helloMs, ended.signal).then(() => {
    if (!isOpen) over();
  });
  void lateHello;
  let farewell = '';
  try {
    const { version } = await opened.promise;
    isOurs = version.startsWith('longshore');
    void watchIdle();
    const dialled = parts.agent();
    dialled.catch(() => undefined);
    send(
      'output_stream_data',
      payloadTypes.handshakeRequest,
      JSON.stringify({
        AgentVersion: '3.1.0.0',
        RequestedClientActions: [
          {
            ActionType: 'SessionType',
            ActionParameters: { SessionType: 'InteractiveCommands', Properties: { command: parts.command } },
          },
        ],
      }),
    );
    await shaken.promise;
    const complete = JSON.stringify({ HandshakeTimeToComplete: 1_000_000, CustomerMessage: '' });
    send('output_stream_data', payloadTypes.handshakeComplete, complete);
    const exit = await carry(await dialled);
    if (exit !== undefined && isOurs) send('output_stream_data', payloadTypes.exitCode, String(exit));
  } catch (error) {
    farewell = errorText(error);
  }
  const closing = {
    MessageType: 'channel_closed',
    SchemaVersion: 1,
    SessionId: sessionId,
    CreatedDate: new Date(clock.now()).toISOString(),
    Output: farewell,
  };
  if (isOpen) send('channel_closed', payloadTypes.none, JSON.stringify(closing));
  over();
  agent?.close(1000);
  client.close(1000);
}

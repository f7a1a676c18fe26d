// The client's side of a session's data channel (the protocol of session-manager-plugin): opens it with the token, shakes hands,
// sends keys and sizes, takes output until the channel is closed.
import {
  acknowledgementOf,
  type ChannelMessage,
  payloadTypes,
  readChannelMessage,
  terminateFlag,
  writeChannelMessage,
} from '@longshore/aws';
import { type Clock, newUuid, UserError } from '@longshore/base';

export interface ChannelOptions {
  readonly streamUrl: string;
  readonly token: string;
  readonly version: string;
  readonly onOutput: (bytes: Uint8Array, isError: boolean) => void;
  readonly onReady: () => void;
  readonly clock: Clock;
}

export interface DataChannel {
  send(bytes: Uint8Array): void;
  resize(size: { readonly cols: number; readonly rows: number }): void;
  /** No more input comes (commands without a terminal). */
  endInput(): void;
  /** Ends the session. */
  terminate(): void;
  /** The exit code, where the command had one. Rejects with `UserError` if the channel broke. */
  readonly done: Promise<number | undefined>;
}

/** Bytes of one message; what is more goes in several. */
const largestInput = 1024;

export function openDataChannel(options: ChannelOptions): DataChannel {
  const { clock } = options;
  const socket = new WebSocket(options.streamUrl);
  socket.binaryType = 'arraybuffer';
  const done = Promise.withResolvers<number | undefined>();
  let nextOut = 0;
  let expected = 0;
  let exitCode: number | undefined;
  let isClosed = false;

  function send(payloadType: number, payload: Uint8Array | string): void {
    if (socket.readyState !== WebSocket.OPEN) return;
    const message = { type: 'input_stream_data', sequence: nextOut++, payloadType, payload, now: clock.now() } as const;
    socket.send(new Uint8Array(writeChannelMessage(message)));
  }

  function take(message: ChannelMessage): void {
    switch (message.payloadType) {
      case payloadTypes.output:
        return options.onOutput(message.payload, false);
      case payloadTypes.stdErr:
        return options.onOutput(message.payload, true);
      case payloadTypes.exitCode:
        exitCode = Number(message.payload.toString('utf8'));
        return;
      case payloadTypes.handshakeRequest:
        return send(
          payloadTypes.handshakeResponse,
          JSON.stringify({
            ClientVersion: options.version,
            ProcessedClientActions: [{ ActionType: 'SessionType', ActionStatus: 1, ActionResult: null, Error: '' }],
            Errors: [],
          }),
        );
      case payloadTypes.handshakeComplete:
        return options.onReady();
    }
  }

  function receive(data: ArrayBuffer): void {
    const message = readChannelMessage(Buffer.from(data));
    if (message.type === 'channel_closed') {
      isClosed = true;
      const { Output } = JSON.parse(message.payload.toString('utf8')) as { readonly Output?: string };
      if (Output) done.reject(new UserError(`The session ended: ${Output}.`));
      done.resolve(exitCode);
      return socket.close();
    }
    if (message.type !== 'output_stream_data' || message.sequence > expected) return;
    socket.send(new Uint8Array(acknowledgementOf(message, clock.now())));
    if (message.sequence < expected) return;
    expected += 1;
    take(message);
  }

  socket.addEventListener('open', () =>
    socket.send(
      JSON.stringify({
        MessageSchemaVersion: '1.0',
        RequestId: newUuid(),
        TokenValue: options.token,
        ClientId: newUuid(),
        ClientVersion: options.version,
      }),
    ),
  );
  socket.addEventListener('message', ({ data }) => {
    try {
      if (data instanceof ArrayBuffer) receive(data);
    } catch (error) {
      done.reject(error);
      socket.close();
    }
  });
  socket.addEventListener('error', () =>
    done.reject(new UserError(`The session at ${new URL(options.streamUrl).host} broke.`)),
  );
  socket.addEventListener('close', () => {
    if (!isClosed) done.reject(new UserError('The session was cut off.'));
  });

  return {
    send(bytes) {
      for (let at = 0; at < bytes.length; at += largestInput)
        send(payloadTypes.output, bytes.subarray(at, at + largestInput));
    },
    resize: (size) => send(payloadTypes.size, JSON.stringify(size)),
    endInput: () => send(payloadTypes.parameter, JSON.stringify({ eof: true })),
    terminate() {
      const flag = Buffer.alloc(4);
      flag.writeUInt32BE(terminateFlag);
      send(payloadTypes.flag, flag);
    },
    done: done.promise,
  };
}

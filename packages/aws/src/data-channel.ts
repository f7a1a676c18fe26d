// The messages of a session's data channel, as the session-manager-plugin of AWS writes and reads them (its `message` package):
// a header of 120 bytes, big-endian, and a payload. Both ends of Longshore speak it: the server and `longshore exec`.
import { createHash, randomUUID } from 'node:crypto';

export type ChannelMessageType =
  | 'input_stream_data'
  | 'output_stream_data'
  | 'acknowledge'
  | 'channel_closed'
  | 'start_publication'
  | 'pause_publication';

export const payloadTypes = Object.freeze({
  none: 0,
  output: 1,
  error: 2,
  size: 3,
  parameter: 4,
  handshakeRequest: 5,
  handshakeResponse: 6,
  handshakeComplete: 7,
  flag: 10,
  stdErr: 11,
  exitCode: 12,
});

/** A payload of type `flag` that ends the session. */
export const terminateFlag = 2;

export interface ChannelMessage {
  readonly type: string;
  readonly sequence: number;
  readonly id: string;
  readonly payloadType: number;
  readonly payload: Buffer;
}

const headerLength = 116;
const payloadAt = headerLength + 4;
const maxPayload = 1024 * 1024;

/** Throws an Error for what is no message. */
export function readChannelMessage(bytes: Buffer): ChannelMessage {
  if (bytes.length < payloadAt || bytes.readUInt32BE(0) !== headerLength) throw new Error('not a channel message');
  const length = bytes.readUInt32BE(headerLength);
  if (length > maxPayload || bytes.length < payloadAt + length) throw new Error('a channel message is cut off');
  const payload = bytes.subarray(payloadAt, payloadAt + length);
  const digest = createHash('sha256').update(payload).digest();
  if (length > 0 && !digest.equals(bytes.subarray(80, 112))) throw new Error('a channel message has another digest');
  // The halves of the id are written the other way round.
  const hex = bytes.toString('hex', 72, 80) + bytes.toString('hex', 64, 72);
  return {
    type: bytes.toString('utf8', 4, 36).replace(/[\0 ]+$/, ''),
    sequence: Number(bytes.readBigInt64BE(48)),
    id: hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    payloadType: bytes.readUInt32BE(112),
    payload,
  };
}

export interface OutgoingMessage {
  readonly type: ChannelMessageType;
  readonly sequence: number;
  readonly payloadType: number;
  readonly payload: Uint8Array | string;
  readonly now: number;
}

export function writeChannelMessage(message: OutgoingMessage): Buffer {
  const payload = Buffer.from(message.payload as Uint8Array);
  const bytes = Buffer.alloc(payloadAt + payload.length);
  bytes.writeUInt32BE(headerLength, 0);
  bytes.write(message.type.padEnd(32, ' '), 4, 'utf8');
  bytes.writeUInt32BE(1, 36);
  bytes.writeBigUInt64BE(BigInt(message.now), 40);
  bytes.writeBigInt64BE(BigInt(message.sequence), 48);
  // The first message of a stream says SYN.
  bytes.writeBigUInt64BE(message.sequence === 0 ? 1n : 0n, 56);
  const id = Buffer.from(randomUUID().replaceAll('-', ''), 'hex');
  id.copy(bytes, 64, 8, 16);
  id.copy(bytes, 72, 0, 8);
  createHash('sha256').update(payload).digest().copy(bytes, 80);
  bytes.writeUInt32BE(message.payloadType, 112);
  bytes.writeUInt32BE(payload.length, headerLength);
  payload.copy(bytes, payloadAt);
  return bytes;
}

/** The acknowledgement of a message. */
export function acknowledgementOf(message: ChannelMessage, now: number): Buffer {
  return writeChannelMessage({
    type: 'acknowledge',
    sequence: 0,
    payloadType: payloadTypes.none,
    payload: JSON.stringify({
      AcknowledgedMessageType: message.type,
      AcknowledgedMessageId: message.id,
      AcknowledgedMessageSequenceNumber: message.sequence,
      IsSequentialMessage: true,
    }),
    now,
  });
}

// The messages of a data channel, against the layout that session-manager-plugin documents.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { acknowledgementOf, payloadTypes, readChannelMessage, writeChannelMessage } from './data-channel.ts';

test('what is written is read; the header has its fields where the plugin looks for them', () => {
  const payload = Buffer.from('hello');
  const bytes = writeChannelMessage({
    type: 'output_stream_data',
    sequence: 7,
    payloadType: payloadTypes.output,
    payload,
    now: 1_700_000_000_000,
  });
  expect(bytes.readUInt32BE(0)).toBe(116);
  expect(bytes.toString('utf8', 4, 36)).toBe('output_stream_data'.padEnd(32));
  expect(bytes.readUInt32BE(36)).toBe(1);
  expect(bytes.readBigUInt64BE(40)).toBe(1_700_000_000_000n);
  expect(bytes.readBigInt64BE(48)).toBe(7n);
  expect(bytes.subarray(80, 112)).toEqual(createHash('sha256').update(payload).digest());
  expect(bytes.readUInt32BE(116)).toBe(5);
  const message = readChannelMessage(bytes);
  expect(message).toMatchObject({ type: 'output_stream_data', sequence: 7, payloadType: 1 });
  const acknowledged = readChannelMessage(acknowledgementOf(message, 0));
  expect(JSON.parse(acknowledged.payload.toString('utf8'))).toEqual({
    AcknowledgedMessageType: 'output_stream_data',
    AcknowledgedMessageId: message.id,
    AcknowledgedMessageSequenceNumber: 7,
    IsSequentialMessage: true,
  });
  expect(message.id).toMatch(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
});

test('what is cut off, changed or none is refused', () => {
  const bytes = writeChannelMessage({
    type: 'input_stream_data',
    sequence: 0,
    payloadType: payloadTypes.output,
    payload: 'hello',
    now: 0,
  });
  expect(() => readChannelMessage(bytes.subarray(0, bytes.length - 1))).toThrow(/cut off/);
  const changed = Buffer.from(bytes);
  changed[changed.length - 1] = 0;
  expect(() => readChannelMessage(changed)).toThrow(/digest/);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
      try {
        readChannelMessage(Buffer.from(noise));
      } catch (error) {
        return error instanceof Error && !(error instanceof RangeError);
      }
      return true;
    }),
  );
});

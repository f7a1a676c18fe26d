// The codecs against the SDK's own: what its serialisers write is read back, what ours write its deserialisers read.
import {
  JsonShapeDeserializer2,
  JsonShapeSerializer2,
  QueryShapeSerializer,
  XmlShapeDeserializer,
} from '@aws-sdk/core/protocols';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { shapeCompiler } from './compile.ts';
import { parseForm, readForm } from './form.ts';
import { readJson } from './json-read.ts';
import { writeJson } from './json-write.ts';
import { writeXml } from './xml-write.ts';

const ns = 'com.example';
const part = [3, ns, 'Part', 0, ['name', 'size'], [0, 1], 1];
const everything: unknown[] = [
  3,
  ns,
  'Everything',
  0,
  ['text', 'count', 'flag', 'time', 'bytes', 'parts', 'words', 'labels', 'groups', 'flat', 'named', 'again'],
  [
    0,
    1,
    2,
    4,
    21,
    () => [1, ns, 'Parts', 0, () => part],
    64 | 0,
    128 | 0,
    () => [2, ns, 'Groups', 0, 0, () => [1, ns, 'Parts', 0, () => part]],
    [() => [1, ns, 'Flat', 0, 0], { xmlFlattened: 1, xmlName: 'Flattened' }],
    [() => [1, ns, 'Named', 0, [0, { xmlName: 'Item' }]], 0],
    () => everything,
  ],
];
const shape = shapeCompiler().operation([9, ns, 'Do', 0, everything, everything]).input;

/** Characters that XML can hold. */
const text = fc
  .string({ unit: 'grapheme', maxLength: 8 })
  .filter((each) => each.isWellFormed() && !/[^\t\n\u0020-\ufffd]/.test(each));
const filled = text.filter((each) => each.trim() === each && each !== '');
const aPart = fc.record({ name: filled, size: fc.integer() }, { requiredKeys: ['name'], noNullPrototype: true });
const someParts = fc.array(aPart, { minLength: 1, maxLength: 3 });
const key = filled.filter((each) => each !== '__proto__');
const leaves = {
  text: filled,
  count: fc.integer(),
  flag: fc.boolean(),
  time: fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 9 }).map((bytes) => Uint8Array.from(bytes)),
  parts: someParts,
  words: fc.array(filled, { minLength: 1, maxLength: 3 }),
  labels: fc.dictionary(key, filled, { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
  groups: fc.dictionary(key, someParts, { minKeys: 1, maxKeys: 2, noNullPrototype: true }),
  flat: fc.array(filled, { minLength: 1, maxLength: 3 }),
  named: fc.array(filled, { minLength: 1, maxLength: 3 }),
};
const values = fc.record(
  { ...leaves, again: fc.record(leaves, { requiredKeys: ['text'], noNullPrototype: true }) },
  { requiredKeys: ['text'], noNullPrototype: true },
);

const settings = { timestampFormat: { useTrait: true, default: 7 as const }, jsonName: false };
const xmlSettings = {
  ...settings,
  timestampFormat: { useTrait: true, default: 5 as const },
  xmlNamespace: ns,
  serviceNamespace: ns,
};

/** Bytes are compared as arrays: one side makes Buffers. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: [...value] };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]));
}

describe('JSON', () => {
  test('what the SDK writes is read', () => {
    fc.assert(
      fc.property(values, (value) => {
        const serializer = new JsonShapeSerializer2(settings);
        serializer.write(everything as never, value);
        const body = new TextDecoder().decode(serializer.flush() as Uint8Array);
        expect(plain(readJson(shape, JSON.parse(body)))).toEqual(plain(value));
      }),
    );
  });

  test('what is written the SDK reads', async () => {
    await fc.assert(
      fc.asyncProperty(values, async (value) => {
        const body = JSON.stringify(writeJson(shape, value));
        const read: unknown = await new JsonShapeDeserializer2(settings).read(everything as never, body);
        expect(plain(read)).toEqual(plain(value));
      }),
    );
  });

  test('the types of an output are held to its shape', () => {
    expect(() => writeJson(shape, { time: 12 })).toThrow(/Date/);
    expect(() => writeJson(shape, { bytes: 'AA==' })).toThrow(/bytes/);
    expect(() => writeJson(shape, { parts: {} })).toThrow(/list/);
    expect(() => writeJson(shape, { again: 'no' })).toThrow(/Everything/);
  });

  test('nesting is bounded', () => {
    let value: unknown = {};
    for (let depth = 0; depth < 100; depth += 1) value = { again: value };
    expect(() => readJson(shape, value)).toThrow(/nested too deeply/);
  });

  test.each(['A', 'AA=', 'AAAA=', 'A-A_', 'AA\nAA', 'AA AA', '=AAA', 'AAA~', 'A==='])('%j is not base64', (bytes) => {
    expect(() => readJson(shape, { bytes })).toThrow(/can not be converted to a Blob/);
  });

  test.each([8.7e12, -8.7e12, '2026-01-01T00:00:00Z', true])('%j is not a timestamp', (time) => {
    expect(() => readJson(shape, { time })).toThrow(/can not be converted to a Timestamp/);
  });
});

describe('query', () => {
  test('what the SDK writes is read', () => {
    fc.assert(
      fc.property(values, (value) => {
        const serializer = new QueryShapeSerializer(xmlSettings as never);
        serializer.write(everything as never, value);
        const form = parseForm(String(serializer.flush()), true);
        expect(plain(readForm(shape, form))).toEqual(plain(value));
      }),
    );
  });

  test('what is written the SDK reads', async () => {
    await fc.assert(
      fc.asyncProperty(values, async (value) => {
        const xml = `<Everything>${writeXml(shape, value)}</Everything>`;
        const read: unknown = await new XmlShapeDeserializer(xmlSettings as never).read(
          everything as never,
          Buffer.from(xml),
        );
        expect(plain(read)).toEqual(plain(value));
      }),
    );
  });

  test('a map entry needs a key and a value', () => {
    expect(() => readForm(shape, parseForm('labels.entry.1.key=a', true))).toThrow(/a key and a value/);
  });

  test.each([
    ['flag', 'yes'],
    ['count', '1.5'],
    ['count', ''],
    ['time', 'yesterday'],
    ['time', '2026-13-01T00:00:00Z'],
    ['bytes', '?'],
  ])('%s=%s is refused', (name, value) => {
    const numbers =
      shape.kind === 'structure' && name === 'count' ? { ...shape, members: shape.members.map(whole) } : shape;
    expect(() => readForm(numbers, parseForm(`${name}=${value}`, true))).toThrow(/is not a valid/);
  });

  test('characters that XML cannot hold do not break the document', () => {
    expect(writeXml({ kind: 'string' }, 'a\u0000\u001b\ud800<b>&"\r\n')).toBe(
      'a\ufffd\ufffd\ufffd&lt;b&gt;&amp;&quot;&#xD;\n',
    );
    expect(writeXml({ kind: 'string' }, '\u{1f6a2}')).toBe('\u{1f6a2}');
  });
});

function whole<T extends { readonly shape: unknown }>(member: T): T {
  return { ...member, shape: { kind: 'integer' } };
}

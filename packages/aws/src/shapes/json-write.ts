// Shaping an output for JSON: only what the shape knows goes out, dates as epoch seconds, bytes as base64.
import type { WireShape } from './shape.ts';

/** A value for JSON.stringify. Throws a TypeError where `value` is not of the shape: a handler's fault, not the caller's. */
export function writeJson(shape: WireShape, value: unknown): unknown {
  switch (shape.kind) {
    case 'structure': {
      const result: Record<string, unknown> = {};
      const source = record(value, shape.name);
      for (const { name, shape: memberShape } of shape.members) {
        const member = source[name];
        if (member !== undefined && member !== null) result[name] = writeJson(memberShape, member);
      }
      return result;
    }
    case 'list':
      if (!Array.isArray(value)) throw new TypeError('an output that should be a list is none');
      return value.flatMap((item: unknown) => {
        if (item !== undefined && item !== null) return [writeJson(shape.item, item)];
        return shape.sparse ? [null] : [];
      });
    case 'map':
      return Object.fromEntries(
        Object.entries(record(value, 'map')).flatMap(([key, item]) => {
          if (item !== undefined && item !== null) return [[key, writeJson(shape.value, item)]];
          return shape.sparse ? [[key, null]] : [];
        }),
      );
    case 'timestamp':
      if (!(value instanceof Date)) throw new TypeError('an output that should be a Date is none');
      return value.getTime() / 1000;
    case 'blob':
      if (!(value instanceof Uint8Array)) throw new TypeError('an output that should be bytes is none');
      return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
    case 'number':
      return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
    case 'unit':
      return {};
    default:
      return typeof value === 'bigint' ? Number(value) : value;
  }
}

function record(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError(`an output that should be a ${name} is none`);
  }
  return value as Readonly<Record<string, unknown>>;
}

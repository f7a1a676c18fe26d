// Reading a JSON value by its shape: unknown members are dropped, wrong types refused, required members demanded.
import { MissingMember, listPlace, type Place, wrongType } from './problem.ts';
import { readBase64, readEpochSeconds } from './scalar.ts';
import type { ListShape, MapShape, StructureShape, WireShape } from './shape.ts';

const maxDepth = 64;

const typeNames: Readonly<Record<WireShape['kind'], string>> = {
  structure: 'a Structure',
  list: 'a List',
  map: 'a Map',
  string: 'a String',
  boolean: 'a Boolean',
  integer: 'an Integer',
  number: 'a Double',
  blob: 'a Blob',
  document: 'a Document',
  timestamp: 'a Timestamp',
  unit: 'a Structure',
};

/** The input in `value` (parsed JSON). Throws a `SerializationException` or `MissingMember`. */
export function readJson(shape: WireShape, value: unknown, place?: Place, depth = 0): unknown {
  if (depth > maxDepth) throw wrongType('The input is nested too deeply.', place);
  switch (shape.kind) {
    case 'structure':
      return readStructure(shape, value, place, depth);
    case 'list':
      return readList(shape, value, place, depth);
    case 'map':
      return readMap(shape, value, place, depth);
    case 'string':
      if (typeof value === 'string') return value;
      break;
    case 'boolean':
      if (typeof value === 'boolean') return value;
      break;
    case 'integer':
      if (Number.isSafeInteger(value)) return value;
      break;
    case 'number':
      if (typeof value === 'number') return value;
      if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value);
      break;
    case 'timestamp': {
      const date = typeof value === 'number' ? readEpochSeconds(value) : undefined;
      if (date) return date;
      break;
    }
    case 'blob': {
      const bytes = typeof value === 'string' ? readBase64(value) : undefined;
      if (bytes) return bytes;
      break;
    }
    case 'document':
      checkDepth(value, place, depth);
      return value;
    case 'unit':
      return {};
  }
  throw unexpected(shape, value, place);
}

function readStructure(shape: StructureShape, value: unknown, place: Place | undefined, depth: number): unknown {
  if (!isRecord(value)) throw unexpected(shape, value, place);
  const result: Record<string, unknown> = {};
  let members = 0;
  for (const { name, required, shape: memberShape } of shape.members) {
    const member = value[name];
    if (member !== undefined && member !== null) {
      result[name] = readJson(memberShape, member, { parent: place, key: name }, depth + 1);
      members += 1;
    } else if (required) throw new MissingMember({ parent: place, key: name });
  }
  if (shape.union && members > 1) throw wrongType(`Exactly one member of ${shape.name} may be set.`, place);
  return result;
}

function readList(shape: ListShape, value: unknown, place: Place | undefined, depth: number): unknown[] {
  if (!Array.isArray(value)) throw unexpected(shape, value, place);
  return value.map((item: unknown, index) => {
    const itemPlace = listPlace(place, index);
    if (item !== null) return readJson(shape.item, item, itemPlace, depth + 1);
    if (shape.sparse) return null;
    throw new MissingMember(itemPlace);
  });
}

function readMap(shape: MapShape, value: unknown, place: Place | undefined, depth: number): unknown {
  if (!isRecord(value)) throw unexpected(shape, value, place);
  const entries: [string, unknown][] = [];
  for (const [key, item] of Object.entries(value)) {
    const itemPlace = { parent: place, key };
    if (item !== null) entries.push([key, readJson(shape.value, item, itemPlace, depth + 1)]);
    else if (shape.sparse) entries.push([key, null]);
    else throw new MissingMember(itemPlace);
  }
  // fromEntries defines, it does not assign: a key like __proto__ stays an ordinary key.
  return Object.fromEntries(entries);
}

function checkDepth(value: unknown, place: Place | undefined, depth: number): void {
  if (depth > maxDepth) throw wrongType('The input is nested too deeply.', place);
  if (typeof value !== 'object' || value === null) return;
  for (const each of Object.values(value)) checkDepth(each, place, depth + 1);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unexpected(shape: WireShape, value: unknown, place: Place | undefined): Error {
  if (Array.isArray(value)) return wrongType('Start of list found where not expected.', place);
  if (isRecord(value)) return wrongType('Start of structure or map found where not expected.', place);
  const found =
    value === null
      ? 'NULL_VALUE'
      : `${(typeof value === 'boolean' ? String(value) : typeof value).toUpperCase()}_VALUE`;
  return wrongType(`${found} can not be converted to ${typeNames[shape.kind]}`, place);
}

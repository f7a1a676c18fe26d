// Compiling the SDK's schema tuples into shapes. Schemas may refer to themselves, so a shape is registered before its
// members are compiled.
import { isFractional } from './fractional.ts';
import type { Member, OperationShapes, SimpleShape, WireShape } from './shape.ts';

export interface ShapeCompiler {
  /** The shapes of an operation schema (`RunTask$`). Throws a TypeError if it is none. */
  operation(schema: unknown): OperationShapes;
}

interface Traits {
  readonly xmlName?: string | undefined;
  readonly xmlFlattened?: unknown;
  readonly sparse?: unknown;
}

const simpleKinds: Readonly<Record<number, SimpleShape['kind']>> = {
  0: 'string',
  1: 'number',
  2: 'boolean',
  15: 'document',
  17: 'integer',
  19: 'number',
  21: 'blob',
  42: 'blob',
};

const timestampFormats = { 4: 'default', 5: 'date-time', 6: 'http-date', 7: 'epoch-seconds' } as const;

const integer: SimpleShape = { kind: 'integer' };

/** One compiler shares what it has compiled between the operations that it is given. */
export function shapeCompiler(): ShapeCompiler {
  const compiled = new Map<readonly unknown[], WireShape>();

  function shapeOf(reference: unknown): WireShape {
    const { schema } = resolve(reference);
    if (schema === 'unit') return { kind: 'unit' };
    if (typeof schema === 'number') return numeric(schema);
    if (!Array.isArray(schema)) throw new TypeError('not a schema of @aws-sdk/client-*');
    return compiled.get(schema) ?? composite(schema);
  }

  function numeric(code: number): WireShape {
    if (code >= 128)
      return { kind: 'map', value: numeric(code & 63), keyName: 'key', valueName: 'value', sparse: false };
    if (code >= 64) return { kind: 'list', item: numeric(code & 63), itemName: 'member', sparse: false };
    if (code === 4 || code === 5 || code === 6 || code === 7)
      return { kind: 'timestamp', format: timestampFormats[code] };
    const kind = simpleKinds[code];
    if (!kind) throw new TypeError(`unknown simple schema ${code}`);
    return { kind };
  }

  function register<T extends WireShape>(schema: readonly unknown[], shape: T): T {
    compiled.set(schema, shape);
    return shape;
  }

  function composite(schema: readonly unknown[]): WireShape {
    const [id, , name] = schema;
    const own = traitsOf(schema[3]);
    if (id === 0) return register(schema, shapeOf(schema[4]));
    if (id === 1) {
      const list = {
        kind: 'list' as const,
        item: integer as WireShape,
        itemName: 'member',
        sparse: Boolean(own.sparse),
      };
      register(schema, list);
      list.item = shapeOf(schema[4]);
      list.itemName = resolve(schema[4]).traits.xmlName ?? 'member';
      return list;
    }
    if (id === 2) {
      const map = {
        kind: 'map' as const,
        value: integer as WireShape,
        keyName: resolve(schema[4]).traits.xmlName ?? 'key',
        valueName: resolve(schema[5]).traits.xmlName ?? 'value',
        sparse: Boolean(own.sparse),
      };
      register(schema, map);
      map.value = shapeOf(schema[5]);
      return map;
    }
    if (id === 3 || id === -3 || id === 4) {
      const members: Member[] = [];
      const shape = register(schema, { kind: 'structure' as const, name: String(name), union: id === 4, members });
      members.push(...membersOf(schema));
      return shape;
    }
    throw new TypeError(`${String(name)}: unknown kind of schema ${String(id)}`);
  }

  function* membersOf(schema: readonly unknown[]): Generator<Member> {
    const [, namespace, name, , names, references, required] = schema;
    if (!Array.isArray(names) || !Array.isArray(references)) throw new TypeError(`${String(name)}: no members`);
    for (const [index, memberName] of (names as string[]).entries()) {
      const { traits } = resolve(references[index]);
      const shape = shapeOf(references[index]);
      const whole = shape.kind === 'number' && !isFractional(String(namespace), String(name), memberName);
      yield {
        name: memberName,
        required: index < Number(required ?? 0),
        shape: whole ? integer : shape,
        xmlName: traits.xmlName ?? memberName,
        flattened: Boolean(traits.xmlFlattened),
      };
    }
  }

  return {
    operation(schema) {
      if (!Array.isArray(schema) || schema[0] !== 9 || schema.length < 6) {
        throw new TypeError('not an operation schema of @aws-sdk/client-*');
      }
      return { name: String(schema[2]), input: shapeOf(schema[4]), output: shapeOf(schema[5]) };
    },
  };
}

/** Follows functions and `[schema, traits]` pairs to the schema itself. */
function resolve(reference: unknown): { readonly schema: unknown; readonly traits: Traits } {
  let schema = reference;
  let traits: Traits = {};
  for (;;) {
    if (typeof schema === 'function') schema = (schema as () => unknown)();
    else if (Array.isArray(schema) && schema.length === 2) {
      traits = { ...traitsOf(schema[1]), ...traits };
      schema = schema[0];
    } else return { schema, traits };
  }
}

function traitsOf(traits: unknown): Traits {
  // Numbers are bit sets of traits that matter to REST protocols and to clients only.
  return typeof traits === 'object' && traits !== null ? (traits as Traits) : {};
}

// An operation's shapes as plain data, compiled once from the runtime schemas of `@aws-sdk/client-*`. Those are tuples:
// [3, namespace, name, traits, memberNames, memberSchemas, requiredCount] for a structure, a number for a simple type, and
// so on (`@smithy/types`, static-schemas). Codecs walk these shapes and know nothing of the tuples.

export type TimestampFormat = 'date-time' | 'http-date' | 'epoch-seconds' | 'default';

export interface StructureShape {
  readonly kind: 'structure';
  readonly name: string;
  readonly union: boolean;
  readonly members: readonly Member[];
}

export interface ListShape {
  readonly kind: 'list';
  readonly item: WireShape;
  readonly itemName: string;
  readonly sparse: boolean;
}

export interface MapShape {
  readonly kind: 'map';
  readonly value: WireShape;
  readonly keyName: string;
  readonly valueName: string;
  readonly sparse: boolean;
}

export interface SimpleShape {
  readonly kind: 'string' | 'boolean' | 'integer' | 'number' | 'blob' | 'document' | 'unit';
}

export interface TimestampShape {
  readonly kind: 'timestamp';
  readonly format: TimestampFormat;
}

export type WireShape = StructureShape | ListShape | MapShape | SimpleShape | TimestampShape;

export interface Member {
  readonly name: string;
  readonly required: boolean;
  readonly shape: WireShape;
  /** XML and query: another name on the wire, and lists or maps without an element of their own. */
  readonly xmlName: string;
  readonly flattened: boolean;
}

/** The shapes of one operation. */
export interface OperationShapes {
  readonly name: string;
  readonly input: WireShape;
  readonly output: WireShape;
}

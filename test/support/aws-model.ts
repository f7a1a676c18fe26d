// Checks answers of an AWS API, as they came over the wire, against its model (`ecr.service-2.json` and so on, as botocore
// ships them): members, their types, what is required, what values an enumeration has.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Shape {
  readonly type: string;
  readonly members?: Readonly<Record<string, { readonly shape: string }>>;
  readonly required?: readonly string[];
  readonly member?: { readonly shape: string };
  readonly value?: { readonly shape: string };
  readonly enum?: readonly string[];
  readonly min?: number;
  readonly max?: number;
}

interface Model {
  readonly operations: Readonly<
    Record<
      string,
      { readonly output?: { readonly shape: string }; readonly errors?: readonly { readonly shape: string }[] }
    >
  >;
  readonly shapes: Readonly<Record<string, Shape>>;
}

export interface AwsModel {
  readonly operations: readonly string[];
  /** What of an answer is not as the model says; empty if all is. */
  faults(operation: string, answer: unknown): string[];
  /** The names of the operation's errors. */
  errorsOf(operation: string): readonly string[];
}

const jsonTypes: Readonly<Record<string, string>> = {
  string: 'string',
  blob: 'string',
  boolean: 'boolean',
  integer: 'number',
  long: 'number',
  double: 'number',
  float: 'number',
  timestamp: 'number',
};

function lengthFaults(shape: Shape, length: number, where: string): string[] {
  const fits = length >= (shape.min ?? 0) && length <= (shape.max ?? Number.POSITIVE_INFINITY);
  return fits ? [] : [`${where}: ${length} is not within ${shape.min} and ${shape.max}`];
}

function scalarFaults(shape: Shape, value: unknown, where: string): string[] {
  const type = jsonTypes[shape.type] ?? `unknown type ${shape.type}`;
  if (typeof value !== type) return [`${where}: ${JSON.stringify(value)} is no ${shape.type}`];
  if (typeof value === 'number' && /^(?:integer|long)$/.test(shape.type) && !Number.isSafeInteger(value)) {
    return [`${where}: ${value} is no integer`];
  }
  if (typeof value !== 'string') return [];
  if (shape.enum && !shape.enum.includes(value)) return [`${where}: ${value} is none of ${shape.enum.join(', ')}`];
  return lengthFaults(shape, value.length, where);
}

function faultsOf(model: Model, name: string, value: unknown, where: string): string[] {
  const shape = model.shapes[name];
  if (!shape) return [`${where}: the model has no shape ${name}`];
  const inner = (shapeName: string | undefined, each: unknown, key: string | number) =>
    faultsOf(model, shapeName ?? '', each, `${where}.${key}`);
  if (shape.type === 'list') {
    if (!Array.isArray(value)) return [`${where}: no list`];
    return value.flatMap((each, i) => inner(shape.member?.shape, each, i));
  }
  if (shape.type !== 'structure' && shape.type !== 'map') return scalarFaults(shape, value, where);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${where}: no object`];
  const entries = Object.entries(value);
  if (shape.type === 'map') return entries.flatMap(([key, each]) => inner(shape.value?.shape, each, key));
  const missing = (shape.required ?? []).filter((key) => !(key in value));
  return [
    ...missing.map((key) => `${where}.${key}: missing`),
    ...entries.flatMap(([key, each]) => {
      const member = shape.members?.[key];
      return member ? inner(member.shape, each, key) : [`${where}.${key}: not in the model`];
    }),
  ];
}

/** The model in `$LONGSHORE_AWS_MODELS`, or undefined. */
export function readAwsModel(service: string): AwsModel | undefined {
  const file = join(process.env['LONGSHORE_AWS_MODELS'] ?? '', `${service}.service-2.json`);
  if (!existsSync(file)) return undefined;
  const model = JSON.parse(readFileSync(file, 'utf8')) as Model;
  return {
    operations: Object.keys(model.operations),
    faults: (operation, answer) => faultsOf(model, model.operations[operation]?.output?.shape ?? '', answer, operation),
    errorsOf: (operation) => (model.operations[operation]?.errors ?? []).map((each) => each.shape),
  };
}

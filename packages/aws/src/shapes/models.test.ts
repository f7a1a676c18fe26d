// The runtime schemas of the SDK leave two things to convention: required members come first, and which numbers are
// fractions is not said. Where the API models (`ecs.service-2.json`, … as botocore ships them) are at hand, both are compared.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ecs from '@aws-sdk/client-ecs';
import * as sts from '@aws-sdk/client-sts';
import { describe, expect, test } from 'vitest';
import { shapeCompiler } from './compile.ts';
import { fractionalMembers } from './fractional.ts';
import type { StructureShape, WireShape } from './shape.ts';

interface Model {
  readonly operations: Readonly<Record<string, { readonly input?: { readonly shape: string } }>>;
  readonly shapes: Readonly<Record<string, ModelShape>>;
}

interface ModelShape {
  readonly type: string;
  readonly required?: readonly string[];
  readonly members?: Readonly<Record<string, { readonly shape: string }>>;
}

const folder = process.env['LONGSHORE_AWS_MODELS'] ?? '';

function modelOf(service: string): Model {
  return JSON.parse(readFileSync(join(folder, `${service}.service-2.json`), 'utf8')) as Model;
}

/** Every structure that an input reaches, by name. */
function structuresOf(shape: WireShape, found = new Map<string, StructureShape>()): Map<string, StructureShape> {
  if (shape.kind === 'list') return structuresOf(shape.item, found);
  if (shape.kind === 'map') return structuresOf(shape.value, found);
  if (shape.kind !== 'structure' || found.has(shape.name)) return found;
  found.set(shape.name, shape);
  for (const member of shape.members) structuresOf(member.shape, found);
  return found;
}

describe('the schemas of the SDK', () => {
  test('mark RunTask’s task definition as required and nothing else', () => {
    const { input } = shapeCompiler().operation(ecs.RunTask$);
    const required = input.kind === 'structure' ? input.members.filter((each) => each.required) : [];
    expect(required.map(({ name }) => name)).toEqual(['taskDefinition']);
  });

  test('tell integers from fractions with the table’s help', () => {
    const { input } = shapeCompiler().operation(ecs.RegisterContainerInstance$);
    const resource = structuresOf(input).get('Resource');
    const kinds = resource?.members
      .filter(({ name }) => name.endsWith('Value'))
      .map(({ name, shape }) => [name, shape.kind]);
    expect(kinds).toEqual([
      ['doubleValue', 'number'],
      ['longValue', 'integer'],
      ['integerValue', 'integer'],
      ['stringSetValue', 'list'],
    ]);
  });

  test('that are none are refused', () => {
    for (const schema of [undefined, {}, [], [3, 'a', 'b'], ecs.RunTaskRequest$]) {
      expect(() => shapeCompiler().operation(schema)).toThrow(TypeError);
    }
  });
});

describe.skipIf(!existsSync(join(folder, 'ecs.service-2.json')))('beside the API models (LONGSHORE_AWS_MODELS)', () => {
  test.each([
    ['ecs', ecs],
    ['sts', sts],
  ])('the required members of every input of %s are those of the model', (service, client) => {
    const model = modelOf(service);
    const compiler = shapeCompiler();
    let compared = 0;
    for (const [name, { input }] of Object.entries(model.operations)) {
      const schema = (client as Readonly<Record<string, unknown>>)[`${name}$`];
      if (schema === undefined || !input) continue;
      for (const [structure, shape] of structuresOf(compiler.operation(schema).input)) {
        const modelled = model.shapes[structure];
        // A structure with other members is another version's.
        const members = shape.members.map((each) => each.name).sort();
        if (
          !modelled ||
          members.join() !==
            Object.keys(modelled.members ?? {})
              .sort()
              .join()
        )
          continue;
        const ours = shape.members.filter((each) => each.required).map((each) => each.name);
        expect([name, structure, ours.sort()]).toEqual([name, structure, [...(modelled.required ?? [])].sort()]);
        compared += 1;
      }
    }
    expect(compared).toBeGreaterThan(10);
  });

  test.each(['ecs', 'ecr', 'sts'])('the fractions of %s are those of the model', (service) => {
    const { shapes } = modelOf(service);
    const fractions = Object.entries(shapes).flatMap(([name, { members = {} }]) =>
      Object.entries(members)
        .filter(([, { shape }]) => ['double', 'float'].includes(shapes[shape]?.type ?? ''))
        .map(([member]) => `${name}.${member}`),
    );
    expect([...(fractionalMembers(`com.amazonaws.${service}`) ?? [])].sort()).toEqual(fractions.sort());
  });
});

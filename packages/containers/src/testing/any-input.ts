// Inputs of any operation, made up by its schema: right types, wild values. Some of them name what is there.
import { shapeCompiler, type WireShape } from '@longshore/aws/testing';
import fc from 'fast-check';

/** Words of enumerations and languages that the API knows, so that a call comes past the first check now and then. */
const words = (
  'ACTIVE INACTIVE DRAINING RUNNING STOPPED PENDING ALL TAGS SETTINGS STATISTICS EC2 FARGATE EXTERNAL REPLICA DAEMON ECS ' +
  'bridge host none awsvpc task tcp udp memberOf distinctInstance spread binpack random instanceId cpu memory GPU s3 CMD ' +
  'CMD-SHELL START HEALTHY SUCCESS json-file awslogs container-instance PERCENT ROLLING BLUE_GREEN SERVICE nofile ' +
  'containerInsights enabled disabled on ENABLED DISABLED ASC DESC LINUX X86_64'
).split(' ');

const numbers = [0, 1, 2, 3, 5, 10, 80, 100, 128, 255, 512, 1024, 65_535, 65_536, -1, -2, 2 ** 31, 2 ** 53 - 1];

function texts(names: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...names) },
    { weight: 4, arbitrary: fc.constantFrom(...words) },
    { weight: 1, arbitrary: fc.constantFrom('', ' ', '\0', 'a\0b', '\ud800', '../..', "'; --", '%', '{}', 'a=b', ':') },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 3000 }).map((length) => 'x'.repeat(length)) },
  );
}

function values(shape: WireShape, names: readonly string[], depth: number): fc.Arbitrary<unknown> {
  if (shape.kind === 'boolean') return fc.boolean();
  if (shape.kind === 'integer' || shape.kind === 'timestamp') return fc.constantFrom(...numbers);
  if (shape.kind === 'number') return fc.constantFrom(...numbers, 0.5, 1e300);
  if (shape.kind === 'list') return fc.array(values(shape.item, names, depth + 1), { maxLength: depth > 5 ? 1 : 3 });
  if (shape.kind === 'map') return fc.dictionary(texts(names), values(shape.value, names, depth + 1), { maxKeys: 2 });
  if (shape.kind !== 'structure') return texts(names);
  if (depth > 7) return fc.constant({});
  const model = Object.fromEntries(shape.members.map((each) => [each.name, values(each.shape, names, depth + 1)]));
  return fc.record(model, { requiredKeys: shape.members.filter((each) => each.required).map((each) => each.name) });
}

/** For the operation of an SDK's schema; `names` are those of things that are there. */
export function anyInput(schema: unknown, names: readonly string[]): fc.Arbitrary<unknown> {
  return values(shapeCompiler().operation(schema).input, names, 0);
}

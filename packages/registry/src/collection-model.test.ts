// Collection beside everything else, on the real code: every way in which two of them can interleave with two switches,
// many with more, with crashes and time. And the same with a rule broken, which must be noticed.
import type { Step } from '@longshore/store';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Operation, type Play, play, type Turn } from './testing/play.ts';
import { type Mutation, openWorld, type World } from './testing/world.ts';

/** Plays of the random part, and every how many-th of the systematic ones. `MODEL_RUNS=5000 MODEL_STRIDE=1`: all night. */
const runs = Number(process.env['MODEL_RUNS'] ?? 100);
const stride = Number(process.env['MODEL_STRIDE'] ?? 35);
const toTheEnd = 10_000;

const collect: Operation = { kind: 'collect' };
const later: Operation = { kind: 'time passes', graces: 3 };
const pushed: Operation = { kind: 'push', repository: 'a', image: 0 };
const pushedToB: Operation = { kind: 'push', repository: 'b', image: 0 };
const sentWhole: Operation = { kind: 'push whole', repository: 'a', image: 0 };
const uploads: readonly Operation[] = [0, 1].map((blob) => ({ kind: 'upload', repository: 'shelf', blob }));
const unlinks: readonly Operation[] = [0, 1].map((blob) => ({ kind: 'unlink', repository: 'shelf', blob }));

/** What collection is about to do when the others come. */
const situations = {
  'layers that nobody named': [...uploads, later],
  'layers that nobody links': [...uploads, ...unlinks, later],
  'layers of a deleted image': [pushedToB, { kind: 'delete image', repository: 'b', image: 0 }, later],
  'layers of an old image': [pushedToB, later],
} satisfies Readonly<Record<string, readonly Operation[]>>;

const rivals: Readonly<Record<string, Operation>> = {
  'a push': pushed,
  'a push that asks for nothing': sentWhole,
  'a push of the same image': pushedToB,
  'a deletion': { kind: 'delete image', repository: 'b', image: 0 },
  'another collector': collect,
};

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

/** The first goes `i` gates, the second `j`, then each to the end; for every i and j up to `most`, every `every`-th of them. */
function* twoSwitches(most: number, every: number): Generator<Turn[]> {
  let n = 0;
  for (let i = 0; i < most; i++) {
    for (let j = 1; j < most; j++) {
      if (n++ % every !== 0) continue;
      yield [
        { task: 0, gates: i },
        { task: 1, gates: j },
        { task: 0, gates: toTheEnd },
      ];
    }
  }
}

async function firstFault(plays: Iterable<Play>, mutation?: Mutation): Promise<string | undefined> {
  for (const each of plays) {
    const faults = await play(world, each, mutation);
    if (faults.length > 0) return `${JSON.stringify(each)}\n${faults.join('\n')}`;
  }
  return undefined;
}

function* pairs(before: readonly Operation[], together: readonly Operation[], every: number): Generator<Play> {
  for (const schedule of twoSwitches(40, every)) yield { before, together, schedule };
}

describe.each(Object.entries(situations))('collecting %s', (_, before) => {
  test.each(Object.entries(rivals))(
    'beside %s, with two switches',
    async (__, rival) => {
      expect(await firstFault(pairs(before, [rival, collect], stride))).toBeUndefined();
    },
    600_000,
  );
});

const repository = fc.constantFrom('a' as const, 'b' as const);
const image = fc.nat(1);
const blob = fc.nat(2);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('push' as const), repository, image }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('push whole' as const), repository, image }) },
  { weight: 3, arbitrary: fc.constant(collect) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete image' as const), repository, image }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete repository' as const), repository }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('upload' as const), repository: fc.constant('shelf' as const), blob }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('unlink' as const), repository: fc.constant('shelf' as const), blob }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('time passes' as const), graces: fc.constantFrom(0.6, 1.1, 2.2) }),
  },
  { weight: 1, arbitrary: fc.constant<Operation>({ kind: 'crash' }) },
);
const anyPlay: fc.Arbitrary<Play> = fc.record({
  before: fc.array(operation, { maxLength: 3 }).map((some) => [...some, later]),
  together: fc.array(operation, { minLength: 2, maxLength: 6 }),
  schedule: fc.array(fc.record({ task: fc.nat(5), gates: fc.integer({ min: 1, max: 25 }) }), { maxLength: 30 }),
});

/** A push that finds its repository deleted when its first layer is complete. */
const pushIntoDeleted: Play = {
  before: [pushedToB, later],
  together: [
    { kind: 'delete repository', repository: 'b' },
    pushedToB,
    { kind: 'delete image', repository: 'a', image: 0 },
    collect,
  ],
  schedule: [],
};

test(`${runs} plays of anything beside anything`, async () => {
  await fc.assert(
    fc.asyncProperty(anyPlay, async (each) => {
      expect(await play(world, each)).toEqual([]);
    }),
    { numRuns: runs, endOnFailure: false, examples: [[pushIntoDeleted]] },
  );
}, 3_600_000);

/** Replaces `rule` in the SQL of the steps that contain `where`. */
function rewritten(where: string, rule: RegExp, by: string): Mutation {
  return (step: Step) => {
    if (!step.sql.text.includes(where)) return step;
    if (!rule.test(step.sql.text)) throw new Error(`The rule is not there any more: ${step.sql.text}`);
    return { ...step, sql: { ...step.sql, text: step.sql.text.replace(rule, by) } };
  };
}

function allOf(...all: readonly Mutation[]): Mutation {
  return (step) => all.reduce((mutated, each) => each(mutated), step);
}

const holding = 'AND EXISTS (SELECT 1 FROM registry_repository_blobs l';
const rescuing = 'check_at = NULL\n      WHERE digest = ? AND status <>';
const unlinking = 'digest = ? AND lease_until <=';
const recording = 'INSERT INTO registry_blobs';

interface Broken {
  readonly mutation: Mutation;
  readonly before: readonly Operation[];
  readonly together: readonly Operation[];
}

const {
  'layers that nobody named': named,
  'layers that nobody links': linked,
  'layers of a deleted image': old,
} = situations;

const mutations: Readonly<Record<string, Broken>> = {
  'a claim that does not look whether the blob was rescued': {
    mutation: rewritten("SET status = 'deleting'", /version = \?.*$/s, '? >= 0'),
    before: named,
    together: [collect, pushed],
  },
  'an unlinking that forgets manifests and leases': {
    mutation: rewritten(unlinking, /lease_until <= \?.*$/s, '? >= 0'),
    before: old,
    together: [collect, pushedToB],
  },
  'an unlinking that forgets leases': {
    mutation: rewritten(unlinking, /lease_until <= \?/, '? >= 0'),
    before: old,
    together: [collect, pushedToB],
  },
  'a client that is told of a layer and given no lease': {
    mutation: rewritten('UPDATE registry_repository_blobs SET lease_until', /lease_until = \?/, 'lease_until = ? * 0'),
    before: old,
    together: [pushedToB, collect],
  },
  'a push that does not look whether its bytes were removed meanwhile': {
    mutation: rewritten(recording, /COALESCE.*\?/, '(? = ? OR 1 = 1)'),
    before: linked,
    together: [pushed, collect],
  },
  'a push that records a blob that is being removed': {
    mutation: rewritten(recording, /WHERE registry_blobs.status <> 'deleting'/, ''),
    before: linked,
    together: [collect, pushed],
  },
  'a push of a layer that is there already, and takes no lease while its bytes come': {
    mutation: rewritten(holding, /lease_until = \?/, 'lease_until = ? * 0'),
    before: named,
    together: [sentWhole, collect],
  },
  'a link to a layer that was there when its bytes began to come, and may be removed by now': {
    mutation: allOf(
      rewritten(holding, /lease_until = \?/, 'lease_until = ? * 0'),
      rewritten(rescuing, /AND status <> 'deleting'/, ''),
    ),
    before: named,
    together: [sentWhole, collect],
  },
};

test.each(Object.entries(mutations))(
  '%s is noticed',
  async (_, { mutation, before, together }) => {
    const fault = await firstFault(pairs(before, together, 3), mutation);
    expect(fault).toMatch(
      /has no bytes|is linked and|does not link|in the end|not in this repository|just being removed/,
    );
    expect(fault).not.toMatch(/not there any more|TypeError|SyntaxError|StoreError/);
  },
  600_000,
);

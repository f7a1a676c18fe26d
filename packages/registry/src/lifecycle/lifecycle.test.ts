// Lifecycle policies without I/O: the examples of ECR's user guide, what is refused, and what holds for any repository.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RegistryError } from '../errors.ts';
import { evaluateLifecycle, type ImageFacts } from './evaluate.ts';
import { parseLifecyclePolicy } from './parse.ts';

const dayMs = 24 * 60 * 60 * 1000;
const now = 1_000 * dayMs;

interface Selection {
  readonly tagStatus?: string;
  readonly [more: string]: unknown;
}

const rule = (rulePriority: number, selection: Selection, action: object = { type: 'expire' }) => ({
  rulePriority,
  selection: { countType: 'imageCountMoreThan', countNumber: 1, ...selection },
  action,
});
const older = (countNumber: number, countType = 'sinceImagePushed') => ({ countType, countUnit: 'days', countNumber });
const policyOf = (...rules: object[]) => JSON.stringify({ rules });
const parse = (...rules: object[]) => parseLifecyclePolicy(policyOf(...rules), 50);

function image(digest: string, tags: readonly string[], daysAgo: number, more: Partial<ImageFacts> = {}): ImageFacts {
  const pushedAt = now - daysAgo * dayMs;
  return { digest, tags, pushedAt, pulledAt: undefined, referenced: false, subject: undefined, ...more };
}

const expired = (rules: object[], images: readonly ImageFacts[]) =>
  evaluateLifecycle(parse(...rules), images, now).map((each) => `${each.image.digest}:${each.priority}`);

describe('the examples of the user guide', () => {
  const betas = [image('A', ['beta-1', 'prod-1'], 10), image('B', ['beta-2', 'prod-2'], 9), image('C', ['beta-3'], 8)];
  const prod = { tagStatus: 'tagged', tagPrefixList: ['prod'] };
  const beta = { tagStatus: 'tagged', tagPatternList: ['beta*'] };

  test('an image that a rule lets live is not expired by a later one', () => {
    expect(expired([rule(1, prod), rule(2, beta)], betas)).toEqual(['A:1']);
  });

  test('in the other order the first rule takes two', () => {
    expect(expired([rule(1, beta), rule(2, prod)], betas)).toEqual(['A:1', 'B:1']);
    expect(expired([rule(2, beta), rule(1, prod)], betas)).toEqual(['A:1']);
  });

  test('all patterns of a list must be met, by whichever tags', () => {
    const images = [
      image('A', ['alpha-1'], 12),
      image('B', ['beta-1'], 11),
      image('C', ['alpha-2', 'beta-2'], 10),
      image('D', ['alpha-3'], 4),
      image('E', ['alpha-4', 'beta-4'], 3),
    ];
    const both = { tagStatus: 'tagged', tagPrefixList: ['alpha', 'beta'] };
    expect(expired([rule(1, { ...both, ...older(5) })], images)).toEqual(['C:1']);
  });

  test('a rule for any image counts those that earlier rules have', () => {
    const images = [
      image('A', ['alpha-1'], 6),
      image('B', ['beta-1'], 5),
      image('C', [], 4),
      image('D', ['alpha-2'], 3),
      image('E', ['git-1'], 2),
      image('F', [], 1),
    ];
    const rules = [
      rule(1, { tagStatus: 'tagged', tagPrefixList: ['alpha'] }),
      rule(2, { tagStatus: 'untagged' }),
      rule(3, { tagStatus: 'any', countNumber: 3 }),
    ];
    expect(expired(rules, images)).toEqual(['A:1', 'B:3', 'C:2']);
  });
});

describe('evaluation', () => {
  test('age counts from the push, or from the last pull', () => {
    const images = [image('old', [], 30), image('pulled', [], 29, { pulledAt: now - 2 * dayMs }), image('new', [], 1)];
    expect(expired([rule(1, { tagStatus: 'any', ...older(14) })], images)).toEqual(['old:1', 'pulled:1']);
    expect(expired([rule(1, { tagStatus: 'any', ...older(14, 'sinceImagePulled') })], images)).toEqual(['old:1']);
  });

  test('what an index names stays; what hangs on an image goes with it', () => {
    const images = [
      image('child', [], 30, { referenced: true }),
      image('index', ['v1'], 30),
      image('signed', [], 30),
      image('signature', [], 1, { subject: 'signed' }),
      image('signature-of-it', [], 1, { subject: 'signature' }),
      image('other', [], 30, { subject: 'index' }),
      image('orphan', [], 30, { subject: 'gone' }),
    ];
    expect(expired([rule(1, { tagStatus: 'untagged', ...older(7) })], images).sort()).toEqual([
      'orphan:1',
      'signature-of-it:1',
      'signature:1',
      'signed:1',
    ]);
  });

  test('nothing is archived, so that nothing is expired for having been', () => {
    const archived = rule(1, { tagStatus: 'any', storageClass: 'archive', ...older(90, 'sinceImageTransitioned') });
    expect(expired([archived], [image('A', [], 500)])).toEqual([]);
  });
});

function isReadOrRefused(text: string): boolean {
  try {
    return parseLifecyclePolicy(text, 50).length > 0;
  } catch (error) {
    return error instanceof RegistryError;
  }
}

describe('what is refused', () => {
  const tagged = { tagStatus: 'tagged', tagPrefixList: ['a'] };
  const cases: readonly [string, object[], string][] = [
    ['no rules', [], 'must have rules'],
    ['a member that is none', [{ ...rule(1, tagged), name: 'x' }], 'properties which are not allowed by the schema'],
    ['a member without a value', [rule(1, { ...tagged, countUnit: null })], 'countUnit'],
    ['no priority', [{ ...rule(1, tagged), rulePriority: 0 }], 'rulePriority'],
    ['a priority twice', [rule(1, tagged), rule(1, { tagStatus: 'any' })], 'rulePriority of its own'],
    ['an unknown tag status', [rule(1, { tagStatus: 'all' })], 'tagStatus is not one of the allowed values'],
    ['tagged without tags', [rule(1, { tagStatus: 'tagged' })], 'either tagPrefixList or tagPatternList'],
    ['both lists', [rule(1, { ...tagged, tagPatternList: ['b'] })], 'either tagPrefixList or tagPatternList'],
    ['untagged with tags', [rule(1, { ...tagged, tagStatus: 'untagged' })], 'only if tagStatus is tagged'],
    ['five wildcards', [rule(1, { tagStatus: 'tagged', tagPatternList: ['*a*b*c*d*'] })], 'four wildcards'],
    ['an empty list', [rule(1, { tagStatus: 'tagged', tagPrefixList: [] })], 'a list of 1 to'],
    ['count zero', [rule(1, { ...tagged, countNumber: 0 })], 'integer of at least 1'],
    ['a fraction', [rule(1, { ...tagged, countNumber: 1.5 })], 'integer of at least 1'],
    ['a unit with a count', [rule(1, { ...tagged, countUnit: 'days' })], 'does not go with imageCountMoreThan'],
    ['an age without a unit', [rule(1, { ...tagged, countType: 'sinceImagePushed' })], 'must be days'],
    ['weeks', [rule(1, { ...tagged, ...older(1), countUnit: 'weeks' })], 'must be days'],
    ['any before another', [rule(1, { tagStatus: 'any' }), rule(2, tagged)], 'the highest rulePriority'],
    [
      'two for any',
      [rule(1, { tagStatus: 'any' }), rule(2, { tagStatus: 'any' })],
      'only one rule may have tagStatus any',
    ],
    [
      'two for untagged',
      [rule(1, { tagStatus: 'untagged' }), rule(2, { tagStatus: 'untagged' })],
      'only one rule may select untagged',
    ],
    ['the same tags twice', [rule(1, tagged), rule(2, { ...tagged, ...older(1) })], 'select the same tags'],
    ['another action', [rule(1, tagged, { type: 'delete' })], 'type is not one of the allowed values'],
    [
      'archiving',
      [rule(1, tagged, { type: 'transition', targetStorageClass: 'archive' })],
      'transition is not available',
    ],
    [
      'a target without transition',
      [rule(1, tagged, { type: 'expire', targetStorageClass: null })],
      'goes with transition',
    ],
    [
      'transitioned without its class',
      [rule(1, { ...tagged, ...older(90, 'sinceImageTransitioned') })],
      'must be archive',
    ],
    ['pushed in the archive', [rule(1, { ...tagged, ...older(9), storageClass: 'archive' })], 'must be standard'],
    [
      '51 rules',
      Array.from({ length: 51 }, (_, i) => rule(i + 1, { ...tagged, tagPrefixList: [`a${i}`] })),
      '50 rules',
    ],
  ];

  test.each(cases)('%s', (_name, rules, why) => {
    let refusal: unknown;
    try {
      parse(...rules);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(RegistryError);
    const { message } = refusal as RegistryError;
    expect(message).toContain(
      "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy",
    );
    expect(message).toContain(why);
  });

  test('any text is either read or refused', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(isReadOrRefused(text)).toBe(true);
      }),
    );
  });
});

describe('for any policy and repository', () => {
  const tagArb = fc.constantFrom('a-1', 'a-2', 'b-1', 'b-2', 'c');
  const imagesArb = fc
    .array(
      fc.record({
        tags: fc.uniqueArray(tagArb, { maxLength: 2 }),
        daysAgo: fc.integer({ min: 0, max: 20 }),
        pulledAgo: fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined }),
        referenced: fc.boolean(),
        subject: fc.option(fc.integer({ min: 0, max: 11 }), { nil: undefined }),
      }),
      { maxLength: 12 },
    )
    .map((drawn) =>
      drawn.map(({ tags, daysAgo, pulledAgo, referenced, subject }, i) =>
        image(`d${i}`, tags, daysAgo, {
          pulledAt: pulledAgo === undefined ? undefined : now - pulledAgo * dayMs,
          referenced,
          // Only earlier ones: digests cannot name each other in a circle.
          subject: subject !== undefined && subject < i ? `d${subject}` : undefined,
        }),
      ),
    );
  const countArb = fc.oneof(
    fc.record({ countType: fc.constant('imageCountMoreThan'), countNumber: fc.integer({ min: 1, max: 5 }) }),
    fc.record({
      countType: fc.constantFrom('sinceImagePushed', 'sinceImagePulled'),
      countUnit: fc.constant('days'),
      countNumber: fc.integer({ min: 1, max: 15 }),
    }),
  );
  const rulesArb = fc
    .tuple(
      fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'a-1'), { maxLength: 3 }),
      fc.boolean(),
      fc.boolean(),
      fc.array(countArb, { minLength: 5, maxLength: 5 }),
    )
    .map(([prefixes, untagged, any, counts]) => {
      const selections: Selection[] = [
        ...prefixes.map((prefix) => ({ tagStatus: 'tagged', tagPrefixList: [prefix] })),
        ...(untagged ? [{ tagStatus: 'untagged' }] : []),
        ...(any || (prefixes.length === 0 && !untagged) ? [{ tagStatus: 'any' }] : []),
      ];
      return selections.map((selection, i) => rule(i + 1, { ...selection, ...counts[i] }));
    });

  test('each image expires at most once, never one that an index names', () => {
    fc.assert(
      fc.property(rulesArb, imagesArb, (rules, images) => {
        const gone = evaluateLifecycle(parse(...rules), images, now);
        expect(new Set(gone.map((each) => each.image.digest)).size).toBe(gone.length);
        expect(gone.filter((each) => each.image.referenced)).toEqual([]);
      }),
    );
  });

  test('neither the order of the images nor that of the rules matters', () => {
    fc.assert(
      fc.property(rulesArb, imagesArb, (rules, images) => {
        expect(expired(rules.toReversed(), images.toReversed()).sort()).toEqual(expired(rules, images).sort());
      }),
    );
  });

  test('a rule keeps as many of the youngest as it says, and takes only what is older than what it keeps', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), imagesArb, (countNumber, images) => {
        const own = images.map((each) => ({ ...each, referenced: false, subject: undefined }));
        const gone = evaluateLifecycle(parse(rule(1, { tagStatus: 'any', countNumber })), own, now);
        expect(gone).toHaveLength(Math.max(0, own.length - countNumber));
        const names = new Set(gone.map((each) => each.image.digest));
        const kept = own.filter((each) => !names.has(each.digest)).map((each) => each.pushedAt);
        expect(gone.every(({ image: { pushedAt } }) => pushedAt <= Math.min(...kept, now))).toBe(true);
      }),
    );
  });

  test('what is attached lives exactly as long as what it is attached to', () => {
    fc.assert(
      fc.property(rulesArb, imagesArb, (rules, images) => {
        const names = new Set(evaluateLifecycle(parse(...rules), images, now).map((each) => each.image.digest));
        for (const each of images) {
          if (each.tags.length > 0 || each.subject === undefined || each.referenced) continue;
          expect(names.has(each.digest)).toBe(names.has(each.subject));
        }
      }),
    );
  });

  test('a second evaluation of what is left, with ages only, takes nothing but what the first one freed', () => {
    fc.assert(
      fc.property(rulesArb, imagesArb, (rules, images) => {
        const ages = rules.filter((each) => each.selection.countType !== 'imageCountMoreThan');
        if (ages.length === 0) return;
        const names = new Set(evaluateLifecycle(parse(...ages), images, now).map((each) => each.image.digest));
        const left = images.filter((each) => !names.has(each.digest));
        // Attached to something that went, but itself kept by an index: on its own from now on, and still kept.
        expect(evaluateLifecycle(parse(...ages), left, now).filter((each) => each.image.subject === undefined)).toEqual(
          [],
        );
      }),
    );
  });
});

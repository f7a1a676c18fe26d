// Managed scaling and strategies as arithmetic.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { instancesFor, planScaling, reservationOf, type ScalingRules, type ScalingState } from './scaling.ts';
import { distribute, readStrategy } from './strategy.ts';

const size = fc.record({ cpu: fc.integer({ min: 0, max: 1024 }), memory: fc.integer({ min: 1, max: 1000 }) });
const rules: fc.Arbitrary<ScalingRules> = fc.record({
  targetCapacity: fc.integer({ min: 1, max: 100 }),
  minimumScalingStepSize: fc.integer({ min: 1, max: 3 }),
  maximumScalingStepSize: fc.integer({ min: 3, max: 10 }),
  minSize: fc.integer({ min: 0, max: 2 }),
  maxSize: fc.integer({ min: 2, max: 20 }),
});
const state: fc.Arbitrary<ScalingState> = fc
  .record({
    present: fc.nat(15),
    share: fc.nat(100),
    coming: fc.nat(5),
    waiting: fc.array(size, { maxLength: 30 }),
  })
  .map(({ present, share, coming, waiting }) => ({
    present,
    empty: Math.floor((present * share) / 100),
    coming,
    machines: present + coming,
    waiting,
    instance: { cpu: 1024, memory: 1000 },
  }));
const plain = {
  targetCapacity: 100,
  minimumScalingStepSize: 1,
  maximumScalingStepSize: 10_000,
  minSize: 0,
  maxSize: 100,
};

describe('CapacityProviderReservation', () => {
  test("is as in AWS's examples", () => {
    expect(reservationOf(0, 0)).toBe(100);
    expect(reservationOf(3, 0)).toBe(200);
    expect(reservationOf(10, 10)).toBe(100);
    expect(reservationOf(15, 10)).toBe(150);
    expect(reservationOf(8, 10)).toBe(80);
  });

  test('is below 100 exactly when instances are empty and nothing waits, above when something that fits waits', () => {
    fc.assert(
      fc.property(state, (now) => {
        const { reservation, needed } = planScaling(now, plain);
        const waits = instancesFor(now.waiting, now.instance) > 0;
        expect(reservation > 100).toBe(waits);
        expect(reservation < 100).toBe(!waits && now.empty > 0);
        expect(reservation).toBe(reservationOf(needed, now.present));
      }),
    );
  });
});

describe('a plan', () => {
  test('never leaves the bounds of the group or the step, and lets go of nothing but empty instances', () => {
    fc.assert(
      fc.property(state, rules, (now, given) => {
        const plan = planScaling(now, given);
        expect(plan.launch * plan.release).toBe(0);
        expect(plan.launch === 0 || now.machines + plan.launch <= given.maxSize).toBe(true);
        expect(plan.launch).toBeLessThanOrEqual(given.maximumScalingStepSize);
        expect(plan.release).toBeLessThanOrEqual(now.empty);
        expect(plan.release === 0 || now.present - plan.release >= given.minSize).toBe(true);
      }),
    );
  });

  test('asks once: what is coming is not asked for again', () => {
    fc.assert(
      fc.property(state, rules, (now, given) => {
        const first = planScaling(now, given);
        const after = { ...now, coming: now.coming + first.launch, machines: now.machines + first.launch };
        const bounded = { ...given, minimumScalingStepSize: 1 };
        const second = planScaling(after, bounded);
        const held = Math.min(first.launch, given.maximumScalingStepSize) < given.maximumScalingStepSize;
        expect(!held || second.launch === 0).toBe(true);
      }),
    );
  });

  test('comes to rest: launched instances take the tasks, and nothing is launched or released any more', () => {
    fc.assert(
      fc.property(fc.array(size, { minLength: 1, maxLength: 30 }), (waiting) => {
        const instance = { cpu: 1024, memory: 1000 };
        const start = { present: 0, empty: 0, coming: 0, machines: 0, waiting, instance };
        const { launch } = planScaling(start, plain);
        expect(launch).toBe(instancesFor(waiting, instance));
        const joined = { ...start, present: launch, empty: 0, machines: launch, waiting: [] };
        expect(planScaling(joined, plain)).toMatchObject({ launch: 0, release: 0, reservation: 100 });
        expect(planScaling({ ...joined, empty: launch }, plain)).toMatchObject({ launch: 0, release: launch });
      }),
    );
  });

  test('keeps spare instances for a target below 100', () => {
    const now = { present: 4, empty: 0, coming: 0, machines: 4, waiting: [], instance: { cpu: 1024, memory: 1000 } };
    expect(planScaling(now, { ...plain, targetCapacity: 50 })).toMatchObject({ reservation: 100, launch: 4 });
  });
});

describe('a strategy', () => {
  const item = fc.record({ weight: fc.nat(5), base: fc.constant(0) });
  test('hands out every task, the base first, and the rest by weight', () => {
    fc.assert(
      fc.property(fc.array(item, { minLength: 2, maxLength: 4 }), fc.nat(10), fc.nat(60), (items, base, count) => {
        const strategy = items.map((each, i) => ({
          capacityProvider: `p${i}`,
          weight: i === 1 ? Math.max(1, each.weight) : each.weight,
          base: i === 0 ? base : 0,
        }));
        const given = distribute(count, strategy);
        const total = [...given.values()].reduce((a, b) => a + b, 0);
        expect(total).toBe(count);
        expect(given.get('p0')).toBeGreaterThanOrEqual(Math.min(base, count));
        const rest = Math.max(0, count - base);
        const weights = strategy.reduce((sum, each) => sum + each.weight, 0);
        for (const each of strategy) {
          const own = (given.get(each.capacityProvider) ?? 0) - (each.base > 0 ? Math.min(base, count) : 0);
          expect(Math.abs(own - (rest * each.weight) / weights)).toBeLessThan(strategy.length);
        }
      }),
    );
  });

  test('counts what is there already', () => {
    const strategy = readStrategy([
      { capacityProvider: 'a', base: 2, weight: 1 },
      { capacityProvider: 'b', weight: 1 },
    ]);
    expect([...distribute(4, strategy, new Map([['a', 4]]))]).toEqual([
      ['a', 1],
      ['b', 3],
    ]);
  });

  test.each([
    [
      [
        { capacityProvider: 'a', base: 1 },
        { capacityProvider: 'b', base: 1, weight: 1 },
      ],
      /Only one capacity provider/,
    ],
    [[{ capacityProvider: 'a' }, { capacityProvider: 'b' }], /weight above 0/],
    [[{ capacityProvider: 'a', weight: 1001 }], /between 0 and 1000/],
    [[{ capacityProvider: 'a' }, { capacityProvider: 'a', weight: 1 }], /twice/],
  ])('refuses %j', (given, problem) => {
    expect(() => readStrategy(given)).toThrow(problem);
  });
});

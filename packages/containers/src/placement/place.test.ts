// Placement: never more than there is, always a reason, and always as good a choice as looking at everything would give.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { costsOf, demand, leastCosts, offer, rosterOf, rules } from '../testing/offers.ts';
import { fits, refusals } from './feasible.ts';
import { compileConstraint } from './language/compile.ts';
import { place } from './place.ts';
import type { Hold, Roster } from './roster.ts';
import type { Demand, Offer, Rules } from './types.ts';

function placed(offers: readonly Offer[], what: Demand, count: number, how: Rules): string[] {
  return place(rosterOf(offers), what, count, how).holds.map((hold) => hold.arn);
}

describe('what speaks against an instance', () => {
  const gpu = { gpuIds: ['a', 'b'], freeGpus: [1] };
  test.each([
    ['INACTIVE', offer('a', { status: 'DRAINING' }), demand()],
    ['AGENT', offer('a', { connected: false }), demand()],
    ['ATTRIBUTE', offer('a'), demand({ attributes: ['gpu'] })],
    ['RESOURCE:CPU', offer('a'), demand({ cpu: 1001 })],
    ['RESOURCE:MEMORY', offer('a'), demand({ memory: 1001 })],
    ['RESOURCE:GPU', offer('a', gpu), demand({ gpus: 2 })],
    ['RESOURCE:PORTS', offer('a'), demand({ tcp: [22] })],
    ['RESOURCE:ENI', offer('a', { freeAddresses: 0 }), demand({ address: 'any' })],
    ['RESOURCE:ENI', offer('a'), demand({ address: 'own-subnet' })],
  ] as const)('%s', (reason, given, wanted) => {
    expect(refusals(given, wanted, rules())).toEqual([reason]);
    expect(place(rosterOf([given]), wanted, 1, rules()).failures).toMatchObject([{ arn: 'a', reason }]);
  });

  test('a constraint, with the part of it that is not met', () => {
    const memberOf = [compileConstraint('attribute:ecs.os-type == linux and attribute:stack exists')];
    const { failures } = place(rosterOf([offer('a')]), demand(), 1, rules({ memberOf }));
    expect(failures).toEqual([{ arn: 'a', reason: 'MEMBER_OF', detail: 'attribute:stack exists' }]);
  });

  test('a port of the other protocol does not, nor a GPU that is free', () => {
    expect(refusals(offer('a'), demand({ udp: [22] }), rules())).toEqual([]);
    expect(refusals(offer('a', gpu), demand({ gpus: 1 }), rules())).toEqual([]);
  });
});

const zones = ['a', 'b', 'c'];
const offers = fc
  .array(
    fc.record({
      cpu: fc.nat(2000),
      memory: fc.nat(2000),
      connected: fc.boolean(),
      tcp: fc.subarray([80, 81, 82]),
      gpus: fc.nat(3),
      freeAddresses: fc.option(fc.nat(3), { nil: undefined }),
      zone: fc.constantFrom(...zones, undefined),
      rack: fc.constantFrom('1', '2'),
      mine: fc.nat(2),
    }),
    { maxLength: 8 },
  )
  .map((given) =>
    given.map(({ zone, rack, mine, gpus, tcp, ...each }, i) =>
      offer(`i${i}`, {
        ...each,
        tcp: new Set(tcp),
        gpuIds: ['x', 'y', 'z'].slice(0, gpus),
        freeGpus: [0, 1, 2].slice(0, gpus),
        attributes: new Map([['rack', rack], ...(zone === undefined ? [] : [['zone', zone] as const])]),
        groups: mine === 0 ? new Map() : new Map([['g', mine]]),
      }),
    ),
  );
const demands = fc
  .record({
    cpu: fc.nat(500),
    memory: fc.nat(500),
    gpus: fc.nat(2),
    tcp: fc.subarray([80, 81]),
    address: fc.constantFrom('none', 'any', 'own-subnet'),
  })
  .map(demand);
const strategies = fc.array(
  fc.constantFrom(
    { type: 'random', field: '' } as const,
    { type: 'spread', field: 'instanceId' } as const,
    { type: 'spread', field: 'attribute:zone' } as const,
    { type: 'spread', field: 'attribute:rack' } as const,
    { type: 'binpack', field: 'memory' } as const,
    { type: 'binpack', field: 'cpu' } as const,
  ),
  { maxLength: 4 },
);
const constraints = fc.constantFrom([], ['attribute:zone in [a, b]'], ['not(task:group == g)', 'attribute:rack == 1']);
const wishes = fc
  .record({ distinctInstance: fc.boolean(), strategies, memberOf: constraints })
  .map((each) => rules({ ...each, memberOf: each.memberOf.map(compileConstraint) }));

function isBest(roster: Roster, chosen: Offer | undefined, what: Demand, how: Rules): boolean {
  const all = [...roster.all()];
  const least = leastCosts(all, what, how);
  if (chosen === undefined || least === undefined) return chosen === undefined && least === undefined;
  return fits(chosen, what, how) && JSON.stringify(costsOf(chosen, all, how)) === JSON.stringify(least);
}

describe('placing', () => {
  test('never over-commits, says why not, and stops only when nothing fits any more', () => {
    fc.assert(
      fc.property(offers, demands, fc.integer({ min: 1, max: 10 }), wishes, (all, what, count, how) => {
        const roster = rosterOf(all);
        const result = place(roster, what, count, how);
        const left = [...roster.all()];
        for (const each of left)
          expect(Math.min(each.cpu, each.memory, each.freeAddresses ?? 0)).toBeGreaterThanOrEqual(0);
        for (const { arn, gpus } of result.holds) {
          expect(gpus.length).toBe(what.gpus);
          expect(
            result.holds.filter((other) => other.arn === arn && other.gpus.some((g) => gpus.includes(g))),
          ).toHaveLength(what.gpus === 0 ? 0 : 1);
        }
        const complete = result.holds.length === count;
        expect(result.failures.map((each) => each.arn)).toEqual(complete ? [] : left.map((each) => each.arn));
        expect(complete || !left.some((each) => fits(each, what, how))).toBe(true);
        const arns = result.holds.map((each) => each.arn);
        expect(!how.distinctInstance || new Set(arns).size === arns.length).toBe(true);
        for (const hold of result.holds) hold.end();
        expect([...roster.all()]).toEqual(all);
      }),
    );
  });

  // What the long way round finds is what the ranking finds, whatever happened to the instances before.
  test('chooses one of the best at any time, after any changes', () => {
    const change = fc.record({
      at: fc.nat(7),
      what: fc.constantFrom('hold', 'end', 'put', 'gone', 'choose'),
      to: fc.nat(2000),
    });
    fc.assert(
      fc.property(
        offers,
        fc.array(fc.tuple(demands, wishes), { minLength: 1, maxLength: 3 }),
        fc.array(change),
        (all, kinds, changes) => {
          const roster = rosterOf(all);
          const holds: Hold[] = [];
          for (const { at, what, to } of changes) {
            const [wanted, how] = kinds[at % kinds.length] ?? [demand(), rules()];
            const chosen = roster.chooser(wanted, how)();
            expect(isBest(roster, chosen, wanted, how)).toBe(true);
            const target = `i${at}`;
            if (what === 'choose' && chosen !== undefined) holds.push(roster.hold(chosen.arn, wanted, how.group));
            if (what === 'end') holds.splice(at, 1)[0]?.end();
            if (what === 'gone') roster.put(target, undefined);
            if (what === 'put')
              roster.put(target, offer(target, { memory: to, attributes: new Map([['zone', zones[to % 3] ?? '']]) }));
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  // More kinds than are kept, in groups that they share or not, over more changes than are remembered.
  test('chooses one of the best for many kinds in turn, while attributes and instances come and go', () => {
    const groups = ['g', 'h', 'i'];
    const kind = fc.tuple(demands, wishes, fc.constantFrom(...groups));
    const step = fc.record({
      kind: fc.nat(),
      at: fc.nat(7),
      what: fc.constantFrom('launch', 'launch', 'end', 'attributes', 'put', 'gone'),
      to: fc.nat(2000),
    });
    const steps = fc.array(step, { minLength: 2500, maxLength: 3000, size: 'max' });
    fc.assert(
      fc.property(offers, fc.array(kind, { minLength: 6, maxLength: 12 }), steps, (all, kinds, what) => {
        const roster = rosterOf(all, 4);
        const holds: Hold[] = [];
        let wrong = 0;
        for (const each of what) {
          const [wanted, wish, group] = kinds[each.kind % kinds.length] ?? [demand(), rules(), 'g'];
          const how = { ...wish, group };
          const chosen = roster.chooser(wanted, how)();
          if (!isBest(roster, chosen, wanted, how)) wrong += 1;
          const target = `i${each.at}`;
          const there = roster.get(target);
          const attributes = new Map([
            ['zone', zones[each.to % 3] ?? ''],
            ['rack', `${each.to % 2}`],
          ] as const);
          if (each.what === 'launch' && chosen !== undefined) holds.push(roster.hold(chosen.arn, wanted, group));
          if (each.what === 'end') holds.splice(each.at, 1)[0]?.end();
          if (each.what === 'attributes' && there !== undefined) roster.put(target, { ...there, attributes });
          if (each.what === 'put') {
            const count = new Map([[groups[each.to % 3] ?? '', each.to % 4]]);
            roster.put(target, offer(target, { memory: each.to, attributes, groups: count }));
          }
          if (each.what === 'gone' && each.to % 4 === 0) roster.put(target, undefined);
        }
        expect(wrong).toBe(0);
      }),
      { numRuns: 5, endOnFailure: true },
    );
  });

  test('first fit fills the first instance before the next', () => {
    expect(placed([offer('a', { memory: 250 }), offer('b')], demand(), 3, rules())).toEqual(['a', 'a', 'b']);
  });

  test('spread takes turns, binpack the fullest', () => {
    const all = [offer('a', { memory: 900 }), offer('b', { memory: 500 })];
    const spread = rules({ strategies: [{ type: 'spread', field: 'instanceId' }] });
    expect(placed(all, demand(), 4, spread).toSorted()).toEqual(['a', 'a', 'b', 'b']);
    const binpack = rules({ strategies: [{ type: 'binpack', field: 'memory' }] });
    expect(placed(all, demand(), 6, binpack)).toEqual(['b', 'b', 'b', 'b', 'b', 'a']);
  });

  test('spread over zones counts what cannot take more, then packs', () => {
    const zone = (name: string, more: Partial<Offer> = {}) => ({ attributes: new Map([['zone', name]]), ...more });
    const all = [
      offer('a1', zone('a', { memory: 50, groups: new Map([['g', 2]]) })),
      offer('a2', zone('a')),
      offer('b1', zone('b', { memory: 800 })),
      offer('b2', zone('b', { memory: 300 })),
    ];
    const how = rules({
      strategies: [
        { type: 'spread', field: 'attribute:zone' },
        { type: 'binpack', field: 'memory' },
      ],
    });
    expect(placed(all, demand(), 4, how)).toEqual(['b2', 'b2', 'b2', 'a2']);
  });

  test('random reaches every instance about as often', () => {
    const all = Array.from({ length: 10 }, (_, i) => offer(`i${i}`, { cpu: 1e6, memory: 1e6 }));
    const random = rules({ strategies: [{ type: 'random', field: '' }] });
    const times = new Map<string, number>();
    for (const arn of placed(all, demand({ cpu: 0, memory: 0 }), 5000, random))
      times.set(arn, (times.get(arn) ?? 0) + 1);
    expect(times.size).toBe(10);
    // Binomial with mean 500 and deviation 21: six deviations.
    for (const n of times.values()) expect(Math.abs(n - 500)).toBeLessThan(130);
  });
});

// Placement: never more than there is, always a reason, first fit and the strategies.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { afterPlacing, refusals } from './feasible.ts';
import { place } from './place.ts';
import type { Demand, Offer, Rules } from './types.ts';

const firstFit: Rules = { distinctInstance: false, strategies: [] };

function offer(arn: string, more: Partial<Offer> = {}): Offer {
  return {
    arn,
    status: 'ACTIVE',
    connected: true,
    cpu: 1000,
    memory: 1000,
    tcp: new Set([22]),
    udp: new Set(),
    attributes: new Map([['ecs.os-type', 'linux']]),
    sameGroup: 0,
    ...more,
  };
}

function demand(more: Partial<Demand> = {}): Demand {
  return { cpu: 100, memory: 100, tcp: [], udp: [], attributes: [], ...more };
}

describe('what speaks against an instance', () => {
  test.each([
    ['INACTIVE', offer('a', { status: 'DRAINING' }), demand()],
    ['AGENT', offer('a', { connected: false }), demand()],
    ['ATTRIBUTE', offer('a'), demand({ attributes: ['gpu'] })],
    ['RESOURCE:CPU', offer('a'), demand({ cpu: 1001 })],
    ['RESOURCE:MEMORY', offer('a'), demand({ memory: 1001 })],
    ['RESOURCE:PORTS', offer('a'), demand({ tcp: [22] })],
  ] as const)('%s', (reason, given, wanted) => {
    expect(refusals(given, wanted, firstFit)).toEqual([reason]);
    expect(place([given], wanted, 1, firstFit, Math.random).failures).toEqual([{ arn: 'a', reason }]);
  });

  test('a port of the other protocol does not', () => {
    expect(refusals(offer('a'), demand({ udp: [22] }), firstFit)).toEqual([]);
  });
});

const offers = fc.array(
  fc.record({ cpu: fc.nat(2000), memory: fc.nat(2000), connected: fc.boolean(), tcp: fc.subarray([80, 81, 82]) }),
  { maxLength: 6 },
);
const demands = fc.record({ cpu: fc.nat(500), memory: fc.nat(500), tcp: fc.subarray([80, 81]) });
const strategies = fc.array(
  fc.constantFrom(
    { type: 'random', field: '' } as const,
    { type: 'spread', field: 'instanceId' } as const,
    { type: 'binpack', field: 'memory' } as const,
  ),
  { maxLength: 2 },
);

describe('placing', () => {
  test('never over-commits, and stops only when nothing fits any more', () => {
    fc.assert(
      fc.property(
        offers,
        demands,
        fc.integer({ min: 1, max: 10 }),
        fc.boolean(),
        strategies,
        (given, wanted, count, distinctInstance, how) => {
          const all = given.map((each, i) => offer(`i${i}`, { ...each, tcp: new Set(each.tcp) }));
          const what = demand(wanted);
          const rules = { distinctInstance, strategies: how };
          const result = place(all, what, count, rules, Math.random);
          const left = new Map(all.map((each) => [each.arn, each]));
          const overCommitted = result.placed.filter((arn) => {
            const before = left.get(arn);
            if (before === undefined) return true;
            left.set(arn, afterPlacing(before, what));
            return refusals(before, what, rules).length > 0;
          });
          expect(overCommitted).toEqual([]);
          const complete = result.placed.length === count;
          expect(result.failures.map((each) => each.arn)).toEqual(complete ? [] : all.map((each) => each.arn));
          const stillFits = [...left.values()].filter((each) => refusals(each, what, rules).length === 0);
          expect(complete || stillFits.length === 0).toBe(true);
          expect(!distinctInstance || new Set(result.placed).size === result.placed.length).toBe(true);
        },
      ),
    );
  });

  test('first fit fills the first instance before the next', () => {
    const all = [offer('a', { memory: 250 }), offer('b')];
    expect(place(all, demand(), 3, firstFit, Math.random).placed).toEqual(['a', 'a', 'b']);
  });

  test('spread takes turns, binpack the fullest', () => {
    const all = [offer('a', { memory: 900 }), offer('b', { memory: 500 })];
    const spread: Rules = { distinctInstance: false, strategies: [{ type: 'spread', field: 'instanceId' }] };
    expect(place(all, demand(), 4, spread, Math.random).placed.toSorted()).toEqual(['a', 'a', 'b', 'b']);
    const binpack: Rules = { distinctInstance: false, strategies: [{ type: 'binpack', field: 'memory' }] };
    expect(place(all, demand(), 6, binpack, Math.random).placed).toEqual(['b', 'b', 'b', 'b', 'b', 'a']);
  });
});

// Addresses are inside the network, in their instance's subnet, and no two are the same.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressOf, firstHost, freeHost, lastHost, parseTaskNetwork } from './subnets.ts';

test('a range is read, or refused with what to give instead', () => {
  expect(parseTaskNetwork('10.208.0.0/12')).toEqual({ base: 10 * 2 ** 24 + 208 * 2 ** 16, subnets: 4096 });
  for (const wrong of ['10.208.0.1/12', '10.0.0.0/25', '0.0.0.0/0', '300.0.0.0/8', '10.208.0.0', ''])
    expect(() => parseTaskNetwork(wrong)).toThrow('not understood');
});

test('an address, its gateway and its MAC address belong together', () => {
  expect(addressOf(parseTaskNetwork('10.208.0.0/12'), 259, 7)).toEqual({
    address: '10.209.3.7',
    gateway: '10.209.3.1/24',
    macAddress: '02:42:0a:d1:03:07',
  });
});

test('a free host is one that nobody has, until all are used', () => {
  const host = fc.integer({ min: firstHost, max: lastHost });
  fc.assert(
    fc.property(fc.uniqueArray(host), fc.double({ min: 0, max: 0.999, noNaN: true }), (used, random) => {
      const found = freeHost(new Set(used), () => random);
      const expected = used.length < lastHost - firstHost + 1;
      expect(found !== undefined && !used.includes(found) && found >= firstHost && found <= lastHost).toBe(expected);
    }),
  );
  const all = Array.from({ length: lastHost - firstHost + 1 }, (_, i) => firstHost + i);
  expect(freeHost(new Set(all), () => 0.5)).toBeUndefined();
});

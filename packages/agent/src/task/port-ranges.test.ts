// Port ranges: found in a row, folded into one binding.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sampleTask } from '../testing/sample-task.ts';
import { findFreeRange, foldRanges, hostRange, parseRange } from './port-ranges.ts';

test('a range is two ports, the second greater', () => {
  expect(parseRange('8000-8010')).toEqual({ first: 8000, last: 8010 });
  for (const text of ['', '8000', '8010-8000', '0-5', '1-70000', '8000-8000']) expect(parseRange(text)).toBeUndefined();
});

test('what is found is free, in a row and of the right length', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 60 })),
      fc.integer({ min: 2, max: 10 }),
      fc.integer({ min: 0, max: 80 }),
      async (taken, count, from) => {
        const busy = new Set(taken.map((each) => hostRange.first + each));
        const found = await findFreeRange(count, hostRange.first + from, async (port) => !busy.has(port));
        expect((found?.last ?? 0) - (found?.first ?? 0) + 1).toBe(count);
        expect(found?.first).toBeGreaterThanOrEqual(hostRange.first);
        expect(found?.last).toBeLessThanOrEqual(hostRange.last);
        for (const port of busy) expect(port < (found?.first ?? 0) || port > (found?.last ?? 0)).toBe(true);
      },
    ),
  );
  expect(await findFreeRange(2, hostRange.first, async (port) => port % 2 === 0)).toBeUndefined();
});

test('the ports of a range are shown as one binding, others as they are', () => {
  const portMappings = [
    { containerPortRange: '8000-8001', protocol: 'tcp' },
    { containerPort: 9000, protocol: 'tcp' },
  ] as const;
  const [container] = sampleTask([{ portMappings }]).containers;
  if (!container) throw new Error('no container');
  const binding = (containerPort: number, hostPort: number) =>
    ({ bindIP: '0.0.0.0', containerPort, hostPort, protocol: 'tcp' }) as const;
  expect(foldRanges(container, [binding(8001, 61_001), binding(9000, 40_000), binding(8000, 61_000)])).toEqual([
    binding(9000, 40_000),
    { bindIP: '0.0.0.0', containerPortRange: '8000-8001', hostPortRange: '61000-61001', protocol: 'tcp' },
  ]);
});

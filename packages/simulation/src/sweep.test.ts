// Crashes at every write of a few plays: all that is promised holds whichever write it was, before or after.
import { expect, it } from 'vitest';
import { plays } from './plays.ts';
import { victims } from './sweep.ts';
import { minute, sweepPlays } from './testing-runs.ts';

it(
  'holds what it promises at whichever write a crash comes (main.ts --strike tells the story of one)',
  async () => {
    const { failed, points } = await sweepPlays();
    expect(failed).toEqual([]);
    for (const { name } of plays)
      for (const victim of victims) expect(points[`${name}: ${victim}`], `${name}: ${victim}`).toBeGreaterThan(20);
  },
  15 * minute,
);

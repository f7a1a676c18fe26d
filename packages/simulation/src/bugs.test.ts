// Who watches the watcher: bugs that are planted, one at a time, are found.
import { describe, expect, it } from 'vitest';
import { bugs } from './bugs.ts';
import { minute, runSeeds } from './testing-runs.ts';

/** A planted bug must show within so many. */
const seedsForBug = 500;

describe('finds a planted bug:', () => {
  it.each(bugs)(
    '$name',
    async ({ name }) => {
      const { failed } = await runSeeds(1, seedsForBug, name);
      expect(failed, `no seed up to ${seedsForBug} finds it`).toHaveLength(1);
    },
    10 * minute,
  );
});

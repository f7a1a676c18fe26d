// The order of test files: the longest first, so that no worker is left alone with one of them at the end. Vitest goes by the
// durations of earlier runs, or by size where there were none; the longest are small files.
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const longest = [
  'packages/simulation/src/simulation.test.ts',
  'packages/simulation/src/sweep.test.ts',
  'packages/simulation/src/bugs.test.ts',
];

function rank({ moduleId }: TestSpecification): number {
  const place = longest.findIndex((file) => moduleId.endsWith(file));
  return place < 0 ? longest.length : place;
}

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}

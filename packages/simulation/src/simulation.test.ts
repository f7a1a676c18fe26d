// Thousands of scripted worlds: whatever order of delays, losses and crashes a seed brings, no task runs twice, no
// instance is over-committed, nothing that was answered is lost, and in peace everything becomes what was asked for.
// LONGSHORE_SIMULATION_SEEDS=n tries another number of seeds; LONGSHORE_SIMULATION_FIRST=n begins at another one.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { bugs } from './bugs.ts';
import { plays } from './plays.ts';
import { createSimulator } from './run.ts';
import { victims } from './sweep.ts';

const run = promisify(execFile);
const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const seeds = Number(process.env['LONGSHORE_SIMULATION_SEEDS'] ?? 400);
const first = Number(process.env['LONGSHORE_SIMULATION_FIRST'] ?? 1);
/** A planted bug must show within so many. */
const seedsForBug = 500;
const minute = 60_000;
const compiled = fileURLToPath(new URL('../../../node_modules/.cache/longshore-simulation', import.meta.url));

interface Failed {
  readonly failed: readonly { readonly faults: readonly string[] }[];
}

interface Figures extends Failed {
  readonly seeds: number;
  readonly starts: number;
}

interface Swept extends Failed {
  readonly points: Readonly<Record<string, number>>;
}

/** In a process of its own: a simulation takes over the randomness of the process that it runs in. */
async function simulate<T extends Failed>(...args: readonly string[]): Promise<T> {
  // Young garbage is most of it: with more room for that, less is looked at.
  const flags = ['--max-semi-space-size=32', main, ...args];
  const env = { ...process.env, NODE_COMPILE_CACHE: compiled };
  const { stdout } = await run(process.execPath, flags, { env, maxBuffer: 16 * 1024 * 1024 });
  return JSON.parse(stdout) as T;
}

const seedsFrom = (from: number, count: number, ...bug: readonly string[]) =>
  simulate<Figures>(String(from), String(count), ...bug);

it('gives the same history for the same seed, and another for another', async () => {
  const simulator = await createSimulator();
  const once = await simulator.run(11, { trace: true });
  const other = await simulator.run(12);
  const again = await simulator.run(11, { trace: true });
  simulator.close();
  expect(again.fingerprint).toBe(once.fingerprint);
  expect(again.trace).toEqual(once.trace);
  expect(once.trace.length).toBeGreaterThan(50);
  expect(other.fingerprint).not.toBe(once.fingerprint);
});

it(
  `holds what it promises in ${seeds} worlds (main.ts --trace SEED tells the story of one)`,
  async () => {
    const half = Math.ceil(seeds / 2);
    const parts = await Promise.all([seedsFrom(first, half), seedsFrom(first + half, seeds - half)]);
    expect(parts.flatMap((part) => part.failed)).toEqual([]);
    expect(parts.reduce((sum, part) => sum + part.seeds, 0)).toBe(seeds);
    // They were worlds in which something happened.
    expect(parts.reduce((sum, part) => sum + part.starts, 0)).toBeGreaterThan(seeds);
  },
  10 * minute,
);

it(
  'holds it whichever write of a play a crash comes at, before or after (main.ts --strike tells the story of one)',
  async () => {
    const parts = await Promise.all([0, 1].map((part) => simulate<Swept>('--sweep', String(part), '2')));
    expect(parts.flatMap((part) => part.failed)).toEqual([]);
    for (const { name } of plays)
      for (const victim of victims)
        expect(parts[0]?.points[`${name}: ${victim}`], `${name}: ${victim}`).toBeGreaterThan(9);
  },
  10 * minute,
);

describe.concurrent('finds a planted bug:', () => {
  it.each(bugs)(
    '$name',
    async ({ name }) => {
      const { failed } = await seedsFrom(1, seedsForBug, name);
      expect(failed, `no seed up to ${seedsForBug} finds it`).toHaveLength(1);
    },
    10 * minute,
  );
});

// Hundreds of scripted worlds: whatever order of delays, losses and crashes a seed brings, no task runs twice, no
// instance is over-committed, nothing that was answered is lost, and in peace everything becomes what was asked for.
// LONGSHORE_SIMULATION_SEEDS=n tries n seeds instead of 400; LONGSHORE_SIMULATION_FIRST=n begins at another one.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { bugs } from './bugs.ts';
import { createSimulator } from './run.ts';

const run = promisify(execFile);
const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const seeds = Number(process.env['LONGSHORE_SIMULATION_SEEDS'] ?? 400);
const first = Number(process.env['LONGSHORE_SIMULATION_FIRST'] ?? 1);
/** A planted bug must show within so many. */
const seedsForBug = 500;
const minute = 60_000;

interface Figures {
  readonly seeds: number;
  readonly starts: number;
  readonly tasks: number;
  readonly failed: readonly { readonly seed: number; readonly faults: readonly string[] }[];
}

/** In a process of its own: a simulation takes over the randomness of the process that it runs in. */
async function simulate(from: number, count: number, bug?: string): Promise<Figures> {
  const args = [main, String(from), String(count), ...(bug === undefined ? [] : [bug])];
  const { stdout } = await run(process.execPath, args, { maxBuffer: 16 * 1024 * 1024 });
  return JSON.parse(stdout) as Figures;
}

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
    const parts = await Promise.all([simulate(first, half), simulate(first + half, seeds - half)]);
    expect(parts.flatMap((part) => part.failed)).toEqual([]);
    expect(parts.reduce((sum, part) => sum + part.seeds, 0)).toBe(seeds);
    // They were worlds in which something happened.
    expect(parts.reduce((sum, part) => sum + part.starts, 0)).toBeGreaterThan(seeds);
  },
  10 * minute,
);

describe.concurrent('finds a planted bug:', () => {
  it.each(bugs)(
    '$name',
    async ({ name }) => {
      const { failed } = await simulate(1, seedsForBug, name);
      expect(failed, `no seed up to ${seedsForBug} finds it`).toHaveLength(1);
    },
    10 * minute,
  );
});

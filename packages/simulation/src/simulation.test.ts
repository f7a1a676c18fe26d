// Thousands of scripted worlds: whatever order of delays, losses and crashes a seed brings, no task runs twice, no
// instance is over-committed, nothing that was answered is lost, and in peace everything becomes what was asked for.
// LONGSHORE_SIMULATION_SEEDS=n tries another number of seeds; LONGSHORE_SIMULATION_FIRST=n begins at another one.
import { expect, it } from 'vitest';
import { createSimulator } from './run.ts';
import { minute, runSeeds } from './testing-runs.ts';

const seeds = Number(process.env['LONGSHORE_SIMULATION_SEEDS'] ?? 2000);
const first = Number(process.env['LONGSHORE_SIMULATION_FIRST'] ?? 1);

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
    const outcome = await runSeeds(first, seeds);
    expect(outcome.failed).toEqual([]);
    expect(outcome.seeds).toBe(seeds);
    // They were worlds in which something happened.
    expect(outcome.starts).toBeGreaterThan(seeds);
  },
  15 * minute,
);

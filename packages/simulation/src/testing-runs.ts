// Simulations in a process of their own, for the tests: a simulation takes over the randomness of the process that it runs in.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const compiled = fileURLToPath(new URL('../../../node_modules/.cache/longshore-simulation', import.meta.url));

interface Failed {
  readonly failed: readonly { readonly faults: readonly string[] }[];
}

export interface Figures extends Failed {
  readonly seeds: number;
  readonly starts: number;
}

export interface Swept extends Failed {
  /** How many crashes each play had, by play and victim. */
  readonly points: Readonly<Record<string, number>>;
}

export const minute = 60_000;

/** Runs main.ts with these arguments. */
async function simulate(args: readonly string[]): Promise<unknown> {
  // Most of it is young garbage: with more room for that, less is looked at.
  const flags = ['--max-semi-space-size=32', main, ...args];
  const env = { ...process.env, NODE_COMPILE_CACHE: compiled };
  const { stdout } = await run(process.execPath, flags, { env, maxBuffer: 16 * 1024 * 1024 });
  return JSON.parse(stdout);
}

/** Seeds from `first` on; with a bug, until one finds it. */
export async function runSeeds(first: number, count: number, ...bug: readonly string[]): Promise<Figures> {
  return (await simulate([String(first), String(count), ...bug])) as Figures;
}

export async function sweepPlays(): Promise<Swept> {
  return (await simulate(['--sweep', '0', '1'])) as Swept;
}

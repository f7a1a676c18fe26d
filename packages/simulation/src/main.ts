// Runs simulations:
//   main.ts FIRST COUNT [BUG]   prints a line of JSON: figures, and the first failures; with a bug planted, until it is found
//   main.ts --trace SEED [BUG]  tells one seed's story
import type { Outcome } from './run.ts';

const mostFailures = 5;

async function many(first: number, count: number, failures: number): Promise<void> {
  const { createSimulator } = await import('./run.ts');
  const simulator = await createSimulator();
  const began = performance.now();
  const failed: Pick<Outcome, 'seed' | 'faults'>[] = [];
  const total = { seeds: 0, events: 0, virtualMs: 0, starts: 0, tasks: 0 };
  for (let seed = first; seed < first + count && failed.length < failures; seed++) {
    const outcome = await simulator.run(seed);
    total.seeds += 1;
    for (const figure of ['events', 'virtualMs', 'starts', 'tasks'] as const) total[figure] += outcome[figure];
    if (outcome.faults.length > 0) failed.push({ seed, faults: outcome.faults });
  }
  simulator.close();
  process.stdout.write(`${JSON.stringify({ ...total, ms: Math.round(performance.now() - began), failed })}\n`);
}

async function tell(seed: number): Promise<void> {
  const { createSimulator } = await import('./run.ts');
  const simulator = await createSimulator();
  const outcome = await simulator.run(seed, { trace: true });
  simulator.close();
  process.stdout.write(`${outcome.trace.join('\n')}\n${outcome.faults.map((each) => `FAULT ${each}\n`).join('')}`);
}

const [first = '0', second = '1', bug] = process.argv.slice(2);
if (bug !== undefined) (await import('./plant.ts')).plant(bug);
if (first === '--trace') await tell(Number(second));
else await many(Number(first), Number(second), bug === undefined ? mostFailures : 1);

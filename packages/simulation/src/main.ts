// Runs simulations: `main.ts FIRST COUNT` prints a line of JSON with what came of them and the first failures' faults;
// `main.ts --trace SEED` tells one seed's story.
import { createSimulator, type Outcome } from './run.ts';

const mostFailures = 5;

async function many(first: number, count: number): Promise<void> {
  const simulator = await createSimulator();
  const began = performance.now();
  const failed: Pick<Outcome, 'seed' | 'faults'>[] = [];
  const total = { seeds: 0, events: 0, virtualMs: 0, starts: 0, tasks: 0 };
  for (let seed = first; seed < first + count && failed.length < mostFailures; seed++) {
    const outcome = await simulator.run(seed);
    total.seeds += 1;
    for (const figure of ['events', 'virtualMs', 'starts', 'tasks'] as const) total[figure] += outcome[figure];
    if (outcome.faults.length > 0) failed.push({ seed, faults: outcome.faults });
  }
  simulator.close();
  process.stdout.write(`${JSON.stringify({ ...total, ms: Math.round(performance.now() - began), failed })}\n`);
}

async function tell(seed: number): Promise<void> {
  const simulator = await createSimulator();
  const outcome = await simulator.run(seed, { trace: true });
  simulator.close();
  process.stdout.write(`${outcome.trace.join('\n')}\n${outcome.faults.map((each) => `FAULT ${each}\n`).join('')}`);
}

const [first = '0', second = '1'] = process.argv.slice(2);
if (first === '--trace') await tell(Number(second));
else await many(Number(first), Number(second));

// Runs simulations:
//   main.ts FIRST COUNT [BUG]     prints a line of JSON: figures, and the first failures; with a bug planted, until it is found
//   main.ts --trace SEED [BUG]    tells one seed's story
//   main.ts --sweep PART OF [BUG] crashes each play at its writes, every OFth of them from PART on; a line of JSON
//   main.ts --strike PLAY VICTIM AT WHEN [BUG]  tells the story of one such crash
import type { Strike } from './sweep.ts';
import type { Outcome } from './world.ts';

const mostFailures = 5;

interface Failure extends Pick<Outcome, 'faults'> {
  readonly seed?: number;
  /** What follows `--strike`. */
  readonly strike?: string;
}

const tellAll = ({ trace, faults }: Outcome) =>
  process.stdout.write(`${trace.join('\n')}\n${faults.map((each) => `FAULT ${each}\n`).join('')}`);

async function open() {
  const { createSimulator } = await import('./run.ts');
  return createSimulator();
}

async function many(first: number, count: number, failures: number): Promise<void> {
  const simulator = await open();
  const began = performance.now();
  const failed: Failure[] = [];
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

async function sweep(part: number, of: number, failures: number): Promise<void> {
  const simulator = await open();
  const { plays } = await import('./plays.ts');
  const { victims } = await import('./sweep.ts');
  const began = performance.now();
  const failed: Failure[] = [];
  const points: Record<string, number> = {};
  let events = 0;
  for (const [number, play] of plays.entries())
    for (const victim of victims)
      for (const when of ['before', 'after'] as const)
        for (let at = 1 + part; failed.length < failures; at += of) {
          const outcome = await simulator.play(play, { victim, at, when });
          if (!outcome.struck) break;
          events += outcome.events;
          const series = `${play.name}: ${victim}`;
          points[series] = (points[series] ?? 0) + 1;
          if (outcome.faults.length > 0)
            failed.push({ strike: `${number} ${victim} ${at} ${when}`, faults: outcome.faults });
        }
  simulator.close();
  process.stdout.write(`${JSON.stringify({ points, events, ms: Math.round(performance.now() - began), failed })}\n`);
}

async function tellStrike(number: number, strike: Strike): Promise<void> {
  const simulator = await open();
  const { plays } = await import('./plays.ts');
  const play = plays[number];
  if (play === undefined) throw new Error(`there are ${plays.length} plays`);
  tellAll(await simulator.play(play, strike, { trace: true }));
  simulator.close();
}

async function tell(seed: number): Promise<void> {
  const simulator = await open();
  tellAll(await simulator.run(seed, { trace: true }));
  simulator.close();
}

const [mode = '0', ...rest] = process.argv.slice(2);
const parameters = { '--trace': 1, '--sweep': 2, '--strike': 4 }[mode] ?? 1;
const [first = '0', second = '1', third = '1', fourth = 'before'] = rest;
const bug = rest[parameters];
if (bug !== undefined) (await import('./plant.ts')).plant(bug);
const failures = bug === undefined ? mostFailures : 1;
if (mode === '--trace') await tell(Number(first));
else if (mode === '--sweep') await sweep(Number(first), Number(second), failures);
else if (mode === '--strike')
  await tellStrike(Number(first), {
    victim: second as Strike['victim'],
    at: Number(third),
    when: fourth as Strike['when'],
  });
else await many(Number(mode), Number(first), failures);

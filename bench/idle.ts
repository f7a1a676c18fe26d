// An idle Longshore on an existing data folder: time until ready, memory, CPU. The agent runs, nothing else does.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { startLongshore, until } from '../test/support/longshore.ts';
import { median, printTable, processCpuSeconds } from './harness.ts';

const idleSeconds = Number(process.env.IDLE_SECONDS ?? 30);

const first = await startLongshore();
const { dataDir, port } = first;
await first.stop();

const readyMs: number[] = [];
for (let round = 0; round < 4; round++) {
  const start = performance.now();
  const again = await startLongshore({ dataDir, port });
  readyMs.push(performance.now() - start);
  await again.stop();
}

await using longshore = await startLongshore({ dataDir, port });
const pid = longshore.process.pid ?? 0;
await until('the first seconds are over', () => false, 3_000).catch(() => undefined);
const before = processCpuSeconds(pid);
await sleep(idleSeconds * 1000);
const cpu = (processCpuSeconds(pid) - before) / idleSeconds;
const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
printTable(
  ['idle', 'measured', 'bound'],
  [
    ['ready after (median of 4)', `${(median(readyMs) / 1000).toFixed(2)} s`, '2 s'],
    ['resident memory', `${rss.toFixed(0)} MB`, '200 MB'],
    [`CPU over ${idleSeconds} s`, `${(cpu * 100).toFixed(2)} % of a core`, '1 %'],
  ],
);

// An idle Longshore on an existing data folder: time until ready, memory, CPU. The agent runs, nothing else does. Then an
// agent in a process of its own, with its prepared networks and its task endpoint, beside a server without one.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { root, startLongshore } from '../test/support/longshore.ts';
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

/** Resident memory in MB and the share of a core over `idleSeconds`, once the first seconds are over. */
async function idleOf(pid: number): Promise<{ readonly rss: number; readonly cpu: number }> {
  await sleep(6_000);
  const before = processCpuSeconds(pid);
  await sleep(idleSeconds * 1000);
  const cpu = (processCpuSeconds(pid) - before) / idleSeconds;
  const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
  return { rss, cpu };
}

async function idleAgent() {
  await using server = await startLongshore({ args: ['--no-agent'] });
  const folder = mkdtempSync(join(tmpdir(), 'longshore-idle-'));
  const agent = spawn(join(root, 'bin', 'longshore'), ['agent', '--data', folder], {
    stdio: 'ignore',
    env: { ...process.env, ...server.env },
  });
  try {
    return await idleOf(agent.pid ?? 0);
  } finally {
    const ended = once(agent, 'exit');
    agent.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

async function idleServer() {
  await using longshore = await startLongshore({ dataDir, port });
  return await idleOf(longshore.process.pid ?? 0);
}

const server = await idleServer();
const agent = await idleAgent();
printTable(
  ['idle', 'measured', 'bound'],
  [
    ['ready after (median of 4)', `${(median(readyMs) / 1000).toFixed(2)} s`, '2 s'],
    ['server with agent: resident memory', `${server.rss.toFixed(0)} MB`, '200 MB'],
    [`server with agent: CPU over ${idleSeconds} s`, `${(server.cpu * 100).toFixed(2)} % of a core`, '1 %'],
    ['agent alone: resident memory', `${agent.rss.toFixed(0)} MB`, '120 MB'],
    [`agent alone: CPU over ${idleSeconds} s`, `${(agent.cpu * 100).toFixed(2)} % of a core`, '1 %'],
  ],
);

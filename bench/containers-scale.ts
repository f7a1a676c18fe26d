// The container service under load: signed RunTask calls to durable with simulated agents, DescribeTasks among 100,000 tasks,
// and 5,000 agents that are only connected. Sections: LONGSHORE_BENCH_SECTIONS of launch, describe, agents (all).
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startLongshore, until } from '../test/support/longshore.ts';
import { callEcs, type Target } from './containers-client.ts';
import type { AgentNews } from './containers-agents.ts';
import { machineLine, median, percentile, printTable, processCpuSeconds } from './harness.ts';

const sections = (process.env.LONGSHORE_BENCH_SECTIONS ?? 'launch,describe,agents').split(',');
const seconds = Number(process.env.LONGSHORE_BENCH_SECONDS ?? 10);
const callers = Number(process.env.LONGSHORE_BENCH_CALLERS ?? 16);
const manyTasks = Number(process.env.LONGSHORE_BENCH_TASKS ?? 100_000);
const manyAgents = Number(process.env.LONGSHORE_BENCH_AGENTS ?? 5_000);

interface Agents extends AsyncDisposable {
  news(): AgentNews;
}

/** Simulated agents, connected. */
async function startAgents(target: Target, agents: number, report: boolean): Promise<Agents> {
  const child = fork(join(import.meta.dirname, 'containers-agents.ts'), [
    JSON.stringify({ ...target, agents, report }),
  ]);
  let latest: AgentNews = { connected: 0, delivered: 0, reported: 0 };
  child.on('message', (message) => {
    latest = message as AgentNews;
  });
  await until(`${agents} agents are connected`, () => latest.connected === agents, 600_000);
  return {
    news: () => latest,
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.disconnect();
      await ended;
    },
  };
}

// E.g. LONGSHORE_BENCH_NODE_OPTIONS='--cpu-prof --cpu-prof-dir=/tmp/profile': what the server spends its time on.
const nodeOptions = process.env.LONGSHORE_BENCH_NODE_OPTIONS;
const options = {
  args: ['--no-agent'],
  env: { LONGSHORE_LOG_LEVEL: 'error', ...(nodeOptions === undefined ? {} : { NODE_OPTIONS: nodeOptions }) },
};

async function defineTask(target: Target): Promise<void> {
  const containerDefinitions = [{ name: 'main', image: 'busybox', memory: 16, cpu: 1 }];
  await callEcs(target, 'RegisterTaskDefinition', { family: 'load', containerDefinitions });
}

interface Launched {
  readonly tasks: number;
  readonly arns: readonly string[];
}

/** Calls RunTask with count 10 from several callers until `enough`. */
async function launch(target: Target, enough: (tasks: number) => boolean, several = callers): Promise<Launched> {
  const arns: string[] = [];
  await Promise.all(
    Array.from({ length: several }, async () => {
      while (!enough(arns.length)) {
        const answer = (await callEcs(target, 'RunTask', {
          taskDefinition: 'load',
          count: 10,
          placementStrategy: [
            { type: 'spread', field: 'attribute:ecs.availability-zone' },
            { type: 'binpack', field: 'memory' },
          ],
        })) as { tasks: { taskArn: string }[]; failures: object[] };
        if (answer.tasks.length !== 10) throw new Error(`no room: ${JSON.stringify(answer.failures)}`);
        arns.push(...answer.tasks.map((task) => task.taskArn));
      }
    }),
  );
  return { tasks: arns.length, arns };
}

async function launching(report: boolean): Promise<readonly string[]> {
  await using longshore = await startLongshore(options);
  const target = { url: longshore.url, region: longshore.credentials.region, credentials: longshore.credentials };
  const pid = longshore.process.pid ?? 0;
  await defineTask(target);
  await using agents = await startAgents(target, 50, report);
  const cpu = processCpuSeconds(pid);
  const start = performance.now();
  const { tasks } = await launch(target, () => performance.now() - start > seconds * 1000);
  const took = (performance.now() - start) / 1000;
  const used = processCpuSeconds(pid) - cpu;
  const told = () => (report ? agents.news().reported : agents.news().delivered);
  const toldMeanwhile = told();
  await until('every task is with its agent', () => told() === tasks, 600_000);
  const all = (performance.now() - start) / 1000;
  const allUsed = processCpuSeconds(pid) - cpu;
  const text = (value: number) => Math.round(value).toLocaleString('en-US');
  return [
    report ? 'and reported RUNNING' : 'delivered and acknowledged',
    text(tasks),
    text(tasks / took),
    text(tasks / used),
    text(toldMeanwhile / took),
    text(tasks / all),
    text(tasks / allUsed),
  ];
}

/** Whether a process takes less than a tenth of a core. */
async function isIdle(pid: number): Promise<boolean> {
  const cpu = processCpuSeconds(pid);
  await sleep(2000);
  return processCpuSeconds(pid) - cpu < 0.2;
}

async function describing(): Promise<void> {
  await using longshore = await startLongshore(options);
  const target = { url: longshore.url, region: longshore.credentials.region, credentials: longshore.credentials };
  await defineTask(target);
  await using agents = await startAgents(target, 50, false);
  const { arns } = await launch(target, (tasks) => tasks >= manyTasks);
  await until('all are with their agents', () => agents.news().delivered === arns.length, 600_000);
  await until('the server has nothing else to do', () => isIdle(longshore.process.pid ?? 0), 600_000);
  const size = arns.length.toLocaleString('en-US');
  process.stdout.write(`\nReads among ${size} tasks, one caller, nothing else; target p99 of DescribeTasks ≤ 20 ms\n`);
  await reading(target, arns);
  let done = false;
  const launching = launch(target, () => done, 2);
  process.stdout.write('\nThe same while two callers launch ten tasks a call, one after the other\n');
  await reading(target, arns);
  done = true;
  await launching;
}

/** Prints how long calls take that read, made in turns. */
async function reading(target: Target, arns: readonly string[]): Promise<void> {
  const some = (count: number) => {
    const tasks = Array.from({ length: count }, () => arns[Math.floor(Math.random() * arns.length)] ?? '');
    return { tasks: [...new Set(tasks)] };
  };
  const kinds = [
    ...[1, 10, 100].map((count) => ({ call: 'DescribeTasks', what: `${count} tasks`, input: () => some(count) })),
    { call: 'ListTasks', what: '100 tasks', input: () => ({ maxResults: 100 }) },
    { call: 'ListTasks', what: '100 of a family', input: () => ({ family: 'load', maxResults: 100 }) },
  ].map((kind) => ({ ...kind, times: [] as number[] }));
  for (let round = 0; round < 300; round++)
    for (const { call, input, times } of kinds) {
      const start = performance.now();
      await callEcs(target, call, input());
      times.push(performance.now() - start);
    }
  const ms = (value: number) => value.toFixed(1);
  printTable(
    ['', 'p50 ms', 'p90 ms', 'p99 ms'],
    kinds.map(({ call, what, times }) => [
      `${call}, ${what}`,
      ms(median(times)),
      ms(percentile(times, 0.9)),
      ms(percentile(times, 0.99)),
    ]),
  );
}

function residentMb(pid: number): number {
  const [, kb = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kb) / 1024;
}

async function connecting(): Promise<void> {
  await using longshore = await startLongshore(options);
  const target = { url: longshore.url, region: longshore.credentials.region, credentials: longshore.credentials };
  const pid = longshore.process.pid ?? 0;
  const start = performance.now();
  await using agents = await startAgents(target, manyAgents, false);
  const connected = (performance.now() - start) / 1000;
  const idle = Math.max(60, seconds);
  const cpu = processCpuSeconds(pid);
  await sleep(idle * 1000);
  const part = (100 * (processCpuSeconds(pid) - cpu)) / idle;
  const still = agents.news().connected;
  process.stdout.write(`\n${still} of ${manyAgents} agents connected for ${idle} s (registered and connected in ${connected.toFixed(0)} s):
${part.toFixed(1)} % of one core, ${residentMb(pid).toFixed(0)} MB resident; target ≤ 50 %\n`);
}

/** Prints the sections that were asked for. */
export async function benchScale(): Promise<void> {
  process.stdout.write(`Container service under load; ${machineLine()}. The load comes from the same machine.\n`);
  if (sections.includes('launch')) {
    process.stdout.write(
      `\nSigned RunTask calls, count 10, ${callers} callers, spread and binpack, 50 agents; target 1,500 tasks/s\n`,
    );
    const rows = [await launching(false), await launching(true)];
    printTable(['', 'tasks', 'durable/s', 'a CPU second', 'told meanwhile/s', 'all of it/s', 'a CPU second'], rows);
  }
  if (sections.includes('describe')) await describing();
  if (sections.includes('agents')) await connecting();
}

if (import.meta.main) await benchScale();

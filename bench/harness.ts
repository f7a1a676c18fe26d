// What all benchmarks share: interleaved rounds, medians, the CPU time of a server process, and a table that fits a terminal.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Clock ticks a second in /proc/PID/stat: 100 on every Linux that Node runs on (proc(5), sysconf(3)). */
const ticksPerSecond = 100;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? Number.NaN) + upper) / 2 : upper;
}

/** The smallest value that at least the `part` (0 to 1) of all values do not exceed. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
}

/** CPU seconds, user and system, that a process has used so far. */
export function processCpuSeconds(pid: number): number {
  // The command's name, in parentheses, may hold anything; the fields are counted after it.
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

export interface Timed<T> {
  readonly result: T;
  readonly seconds: number;
  /** CPU seconds that process `pid` used meanwhile. */
  readonly cpu: number;
}

export async function timed<T>(pid: number, work: () => Promise<T>): Promise<Timed<T>> {
  const cpu = processCpuSeconds(pid);
  const start = performance.now();
  const result = await work();
  return { result, seconds: (performance.now() - start) / 1000, cpu: processCpuSeconds(pid) - cpu };
}

/**
 * Runs `work` for one side after the other, `rounds` times, and begins each round with the next side, so that whatever else
 * the machine does meets all of them. What one side left to write is on the disk before the next one begins.
 */
export async function interleave<S>(
  rounds: number,
  sides: readonly S[],
  work: (side: S, round: number) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < sides.length; turn += 1) {
      const side = sides[(round + turn) % sides.length];
      if (side === undefined) continue;
      await execute('sync');
      await work(side, round);
    }
  }
}

export interface Row {
  readonly measure: string;
  /** Samples of ours and of the peer's, in the same unit. */
  readonly ours: readonly number[];
  readonly peer: readonly number[];
}

/** Prints medians, with the ratio ours/peer and how far the samples were apart (smallest to largest). */
export function printComparison(ours: string, peer: string, rows: readonly Row[]): void {
  printTable(
    ['', ours, peer, 'ratio', 'range of ours', 'of the peer'],
    rows.map((row) => [
      row.measure,
      formatNumber(median(row.ours)),
      formatNumber(median(row.peer)),
      (median(row.ours) / median(row.peer)).toFixed(2),
      formatRange(row.ours),
      formatRange(row.peer),
    ]),
  );
}

/** Prints a table; the first column is aligned to the left, the others to the right. */
export function printTable(header: readonly string[], rows: readonly (readonly string[])[]): void {
  const table = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0)));
  const lines = table.map((line) =>
    line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))),
  );
  process.stdout.write(`${lines.map((line) => line.join('  ').trimEnd()).join('\n')}\n`);
}

function formatRange(values: readonly number[]): string {
  return `${formatNumber(Math.min(...values))}–${formatNumber(Math.max(...values))}`;
}

function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);
}

/** The machine, in one line, for the head of a report. */
export function machineLine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  return `${availableParallelism()} cores (${model}), ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}`;
}
